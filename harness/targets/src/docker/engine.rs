//! An engine that answers.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use futures::TryStreamExt as _;
use testcontainers::bollard::Docker;
use testcontainers::bollard::errors::Error as DockerError;
use testcontainers::bollard::models::NetworkCreateRequest;
use testcontainers::bollard::query_parameters::{
    CreateImageOptionsBuilder, ListContainersOptionsBuilder, LogsOptionsBuilder,
    RemoveContainerOptionsBuilder,
};
use testcontainers::core::client::docker_client_instance;

use super::session::{LABEL, Session};
use crate::TargetError;
use crate::error::chain;
use crate::progress::{Progress, Report};

/// How long the engine may take to say that it is there.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

/// A Docker engine, reached as testcontainers does: `DOCKER_HOST`, else the usual sockets.
#[derive(Clone)]
pub(crate) struct Engine {
    docker: Docker,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Engine")
    }
}

impl Engine {
    /// Makes sure that an engine answers.
    ///
    /// # Errors
    /// [`TargetError::Unavailable`] saying what is wrong and what to do.
    pub async fn connect() -> Result<Self, TargetError> {
        let docker = docker_client_instance()
            .await
            .map_err(|error| no_engine(&chain(&error)))?;
        match tokio::time::timeout(ANSWER_LIMIT, docker.ping()).await {
            Ok(Ok(_)) => Ok(Self { docker }),
            Ok(Err(error)) => Err(no_engine(&chain(&error))),
            Err(_) => Err(no_engine(&format!(
                "no answer within {} s",
                ANSWER_LIMIT.as_secs()
            ))),
        }
    }

    /// Whether its containers' ports are those of this machine.
    pub fn is_local(&self) -> bool {
        std::env::var("DOCKER_HOST")
            .map_or(true, |host| host.is_empty() || host.starts_with("unix://"))
    }

    /// Makes sure that an image is here, pulling it if it is not.
    ///
    /// # Errors
    /// [`TargetError::Unavailable`] if it cannot be pulled.
    pub async fn image(
        &self,
        image: &str,
        variable: &str,
        report: &Report,
    ) -> Result<(), TargetError> {
        match self.docker.inspect_image(image).await {
            Ok(_) => return Ok(()),
            Err(error) if is_missing(&error) => {}
            Err(error) => {
                return Err(TargetError::Unavailable(format!(
                    "Docker cannot say whether it has the image {image}: {}",
                    chain(&error)
                )));
            }
        }
        report.tell(Progress::Pulling {
            image: image.to_owned(),
            layers: None,
        });
        self.pull(image, report).await.map_err(|error| {
            TargetError::Unavailable(format!(
                "the image {image} cannot be pulled: {}\n  If it is private, pull it yourself \
                 (docker login, docker pull {image}) or bring it with docker load; another image \
                 is named with {variable}",
                chain(&error)
            ))
        })
    }

    async fn pull(&self, image: &str, report: &Report) -> Result<(), DockerError> {
        let (name, tag) = zipster_database::split_image(image);
        let options = CreateImageOptionsBuilder::default()
            .from_image(name)
            .tag(tag)
            .build();
        let mut events = std::pin::pin!(self.docker.create_image(Some(options), None, None));
        let mut layers: BTreeMap<String, bool> = BTreeMap::new();
        let mut told = 0;
        while let Some(event) = events.try_next().await? {
            let (Some(layer), Some(status)) = (event.id, event.status) else {
                continue;
            };
            let complete = matches!(status.as_str(), "Pull complete" | "Already exists");
            if complete || status == "Pulling fs layer" {
                layers.insert(layer, complete);
            }
            let pulled = layers.values().filter(|complete| **complete).count();
            if pulled > told {
                told = pulled;
                report.tell(Progress::Pulling {
                    image: image.to_owned(),
                    layers: Some((pulled, layers.len())),
                });
            }
        }
        Ok(())
    }

    /// Makes the session's network.
    ///
    /// # Errors
    /// [`TargetError::Unavailable`] if the engine refuses.
    pub async fn make_network(&self, session: &Session) -> Result<(), TargetError> {
        let request = NetworkCreateRequest {
            name: session.name(),
            labels: Some(HashMap::from([(LABEL.to_owned(), session.id().to_owned())])),
            ..NetworkCreateRequest::default()
        };
        self.docker
            .create_network(request)
            .await
            .map(|_| ())
            .map_err(|error| {
                TargetError::Unavailable(format!("Docker makes no network: {}", chain(&error)))
            })
    }

    /// Removes every container of the session and its network. Containers that one of them started
    /// meanwhile are found in a second look.
    ///
    /// # Errors
    /// [`TargetError::CleanUp`] with the first thing that could not be removed.
    pub async fn remove_all(&self, session: &Session) -> Result<(), TargetError> {
        let failed = |error: DockerError| TargetError::CleanUp(std::io::Error::other(error));
        loop {
            let containers = self.containers(session).await.map_err(failed)?;
            if containers.is_empty() {
                break;
            }
            for container in containers {
                let options = RemoveContainerOptionsBuilder::default()
                    .force(true)
                    .v(true)
                    .build();
                match self
                    .docker
                    .remove_container(&container, Some(options))
                    .await
                {
                    Ok(()) => {}
                    Err(error) if is_missing(&error) || is_under_way(&error) => {}
                    Err(error) => return Err(failed(error)),
                }
            }
        }
        match self.docker.remove_network(&session.name()).await {
            Ok(()) => Ok(()),
            Err(error) if is_missing(&error) => Ok(()),
            Err(error) => Err(failed(error)),
        }
    }

    /// Identifiers of the session's containers, whatever their state.
    async fn containers(&self, session: &Session) -> Result<Vec<String>, DockerError> {
        let filters = HashMap::from([("label", vec![format!("{LABEL}={}", session.id())])]);
        let options = ListContainersOptionsBuilder::default()
            .all(true)
            .filters(&filters)
            .build();
        let containers = self.docker.list_containers(Some(options)).await?;
        Ok(containers
            .into_iter()
            .filter_map(|found| found.id)
            .collect())
    }

    /// Whether a container runs; if it does not, with which code it ended.
    pub async fn is_running(&self, container: &str) -> Result<(), String> {
        let state = self
            .docker
            .inspect_container(container, None)
            .await
            .map_err(|error| chain(&error))?
            .state
            .unwrap_or_default();
        if state.running.unwrap_or(false) {
            return Ok(());
        }
        let killed = match state.oom_killed {
            Some(true) => ", out of memory",
            Some(false) | None => "",
        };
        Err(format!(
            "it ended with code {}{killed}",
            state.exit_code.unwrap_or_default()
        ))
    }

    /// The last lines that a container wrote.
    pub async fn last_lines(&self, container: &str, lines: usize) -> String {
        let options = LogsOptionsBuilder::default()
            .stdout(true)
            .stderr(true)
            .tail(&lines.to_string())
            .build();
        let written: Result<Vec<_>, _> = self
            .docker
            .logs(container, Some(options))
            .map_ok(|line| line.to_string())
            .try_collect()
            .await;
        match written {
            Ok(lines) => lines.concat(),
            Err(error) => format!("(its log cannot be read: {})\n", chain(&error)),
        }
    }
}

fn is_missing(error: &DockerError) -> bool {
    matches!(
        error,
        DockerError::DockerResponseServerError {
            status_code: 404,
            ..
        }
    )
}

/// Somebody else is removing it.
fn is_under_way(error: &DockerError) -> bool {
    matches!(
        error,
        DockerError::DockerResponseServerError {
            status_code: 409,
            ..
        }
    )
}

fn no_engine(reason: &str) -> TargetError {
    let hint = if reason.contains("ermission denied") {
        "add your user to the group docker, or set DOCKER_HOST to an engine that you may use"
    } else {
        "install Docker or start it (`docker info` shows whether it answers); DOCKER_HOST names \
         another engine"
    };
    TargetError::Unavailable(format!(
        "no Docker engine answers: {reason}\n  To run in containers, {hint}. `--endpoint URL` uses \
         something that already runs, and `cargo test` needs no containers at all"
    ))
}

#[cfg(test)]
mod tests {
    use super::no_engine;

    #[test]
    fn a_socket_that_one_may_not_use_is_not_a_missing_engine() {
        let denied = no_engine("Permission denied (os error 13)").to_string();
        assert!(denied.contains("group docker"), "{denied}");
        let missing = no_engine("No such file or directory (os error 2)").to_string();
        assert!(missing.contains("install Docker or start it"), "{missing}");
    }
}
