//! LocalStack in a container, beside its database on a network of their own.

use std::time::Duration;

use testcontainers::core::{IntoContainerPort as _, Mount};
use testcontainers::runners::AsyncRunner as _;
use testcontainers::{ContainerAsync, ImageExt as _};
use testcontainers_modules::localstack::LocalStack as LocalStackImage;
use zipster_database::{publish_at, published_address, split_image};

use super::Image;
use crate::TargetError;
use crate::docker::{Engine, Session};
use crate::error::chain;
use crate::progress::{Progress, Report};

/// Where LocalStack, and what takes its place, answers.
const PORT: u16 = 4566;

/// How long a container may take until the process in it was started.
const START_LIMIT: Duration = Duration::from_secs(120);

/// The base of `provided.al2023` functions, that LocalStack starts containers of.
const LAMBDA_IMAGE: &str = "public.ecr.aws/lambda/provided:al2023";

/// What the socket is called in LocalStack's container, and where most engines have it.
const SOCKET: &str = "/var/run/docker.sock";

/// How many of a container's lines a report shows.
const LINES: usize = 60;

/// The network of a run, and LocalStack on it.
#[derive(Debug)]
pub(super) struct Containers {
    engine: Engine,
    session: Session,
    /// Removed with all others of the session; this is for its owner to hold.
    localstack: Option<ContainerAsync<LocalStackImage>>,
}

impl Containers {
    /// Finds an engine and makes the network.
    ///
    /// # Errors
    /// [`TargetError::Unavailable`] saying what is missing.
    pub async fn begin(report: &Report) -> Result<Self, TargetError> {
        let engine = Engine::connect().await?;
        let session = Session::begin()
            .map_err(|error| TargetError::Unavailable(format!("cannot start /bin/sh: {error}")))?;
        if !session.is_guarded() {
            report.tell(Progress::Containers(
                "there is no docker command on the PATH, so containers stay if this process is \
                 killed (Ctrl-C removes them)"
                    .to_owned(),
            ));
        }
        let containers = Self {
            engine,
            session,
            localstack: None,
        };
        containers.engine.make_network(&containers.session).await?;
        Ok(containers)
    }

    /// The engine, for other containers of the run.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The run's label and names.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Starts LocalStack, and returns the URL at which it will answer.
    ///
    /// # Errors
    /// [`TargetError::Unavailable`] if an image cannot be had or the container does not start.
    pub async fn start_localstack(
        &mut self,
        image: &Image,
        port: u16,
        report: &Report,
    ) -> Result<String, TargetError> {
        self.engine
            .image(&image.name, "LOCALSTACK_IMAGE", report)
            .await?;
        // LocalStack would pull it by itself, without a word, in the middle of the deploy.
        let lambda_image = image.lambda.as_deref().unwrap_or(LAMBDA_IMAGE);
        if image.name.contains("localstack/") {
            self.engine
                .image(lambda_image, "LAMBDA_IMAGE", report)
                .await?;
        }
        report.tell(Progress::Containers(format!("starting {}", image.name)));
        let name = format!("{}-localstack", self.session.name());
        let (repository, tag) = split_image(&image.name);
        let (label, value) = self.session.label();
        let mut request = LocalStackImage::default()
            // The module's own tag is 4.5; ours is the last that needs no token.
            .with_name(repository)
            .with_tag(tag)
            // Its own condition is a line of the log and three seconds; we ask the services.
            .with_ready_conditions(Vec::new())
            .with_startup_timeout(START_LIMIT)
            .with_container_name(&name)
            .with_network(self.session.name())
            .with_label(label, &value)
            .with_mapped_port(port, PORT.tcp())
            .with_mount(Mount::bind_mount(socket(), SOCKET))
            // Its functions' containers join the network, and go with the session.
            .with_env_var("LAMBDA_DOCKER_NETWORK", self.session.name())
            .with_env_var("LAMBDA_DOCKER_FLAGS", format!("--label {label}={value}"))
            .with_env_var("MAIN_CONTAINER_NAME", &name)
            // AWS waits one minute, then two.
            .with_env_var("LAMBDA_RETRY_BASE_DELAY", "1");
        let address = match self.engine.is_local() {
            true => Some(published_address().await),
            false => None,
        };
        if let Some(address) = address {
            // Whoever reaches LocalStack can start containers: nobody from outside.
            request = request.with_host_config_modifier(move |config| publish_at(address, config));
        }
        if let Some(lambda) = &image.lambda {
            let mapping = serde_json::json!({"provided.al2023": lambda}).to_string();
            request = request.with_env_var("LAMBDA_RUNTIME_IMAGE_MAPPING", mapping);
        }
        if let Some(token) = &image.token {
            request = request.with_env_var("LOCALSTACK_AUTH_TOKEN", token);
        }
        let failed = |error: testcontainers::TestcontainersError| {
            let reason = chain(&error);
            let hint = if reason.contains("already allocated") || reason.contains("in use") {
                format!("; port {port} is taken: choose another with --port, or 0 for any")
            } else {
                String::new()
            };
            TargetError::Unavailable(format!("{} does not start: {reason}{hint}", image.name))
        };
        let container = request.start().await.map_err(failed)?;
        let container = self.localstack.insert(container);
        let place = async {
            let host = match address {
                Some(address) => address.to_string(),
                None => container.get_host().await?.to_string(),
            };
            Ok((host, container.get_host_port_ipv4(PORT.tcp()).await?))
        };
        let (host, port) = match place.await {
            Ok(place) => place,
            Err(error) => {
                // A container that has ended publishes nothing; why it did is what counts.
                self.alive().await?;
                return Err(failed(error));
            }
        };
        Ok(format!("http://{host}:{port}"))
    }

    /// Whether LocalStack is still there.
    ///
    /// # Errors
    /// [`TargetError::Unavailable`] with how it ended and what it said last.
    pub async fn alive(&self) -> Result<(), TargetError> {
        let Some(container) = &self.localstack else {
            return Ok(());
        };
        let Err(end) = self.engine.is_running(container.id()).await else {
            return Ok(());
        };
        let said = self.engine.last_lines(container.id(), LINES).await;
        let hint = if end.contains("code 55") {
            "\n  This image wants a licence: set LOCALSTACK_AUTH_TOKEN, or leave LOCALSTACK_IMAGE \
             unset for the last one that needs none"
        } else {
            ""
        };
        Err(TargetError::Unavailable(format!(
            "LocalStack's container is gone: {end}; it said last:\n{said}{hint}"
        )))
    }

    /// What LocalStack said last.
    pub async fn said(&self) -> String {
        match &self.localstack {
            Some(container) => self.engine.last_lines(container.id(), LINES).await,
            None => String::new(),
        }
    }

    /// Removes all containers and the network.
    ///
    /// # Errors
    /// [`TargetError::CleanUp`] with what could not be removed; a shell then tries again.
    pub async fn remove(self) -> Result<(), TargetError> {
        self.engine.remove_all(&self.session).await?;
        self.session.everything_removed();
        Ok(())
    }

    /// The same in the middle of starting them. The engine may make a container that was asked for a
    /// moment ago after all others are gone: the shell that outlives this process looks for it.
    ///
    /// # Errors
    /// As [`remove`](Self::remove).
    pub async fn give_up(self) -> Result<(), TargetError> {
        self.engine.remove_all(&self.session).await
    }
}

/// Where the engine's socket is, as the engine itself sees it.
fn socket() -> String {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    variable("TESTCONTAINERS_DOCKER_SOCKET_OVERRIDE")
        .or_else(|| {
            variable("DOCKER_HOST")?
                .strip_prefix("unix://")
                .map(str::to_owned)
        })
        .unwrap_or_else(|| SOCKET.to_owned())
}
