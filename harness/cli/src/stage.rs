//! Standing up the stack and taking it down again, whatever happens in between.

use std::time::Duration;

use zipster_emulator::Emulator;
use zipster_emulator::fault::{Disorder, FaultPlan};
use zipster_targets::deploy::Difference;
use zipster_targets::localstack::{
    COMPOSE_DATABASE, COMPOSE_DATABASE_ADDRESS, COMPOSE_ENDPOINT, Image,
};
use zipster_targets::plan::{VariableOption, Variables};
use zipster_targets::{
    Embedded, EmbeddedSettings, FunctionSource, Host, LocalStack, LocalStackSettings, Pipeline,
    PipelineSettings, Progress, Project, Report, TargetError,
};

use crate::args::{StageSettings, StageTarget};
use crate::exit::{Exit, Failure};
use crate::interrupt::Interrupt;
use crate::{style, variables};

/// A running stack with its database server.
pub struct Stage {
    target: Target,
    /// The stack.
    pub pipeline: Pipeline,
    /// The project that it was read from.
    pub project: Project,
}

/// What owns the servers.
enum Target {
    Embedded(Box<Embedded>),
    LocalStack(Box<LocalStack>),
}

impl Stage {
    /// Stands everything up, telling each step on stderr; `None` if it was interrupted, in which
    /// case nothing is left of it.
    ///
    /// # Errors
    /// [`Failure`] if something needed is not there or `terraform/` has mistakes.
    pub async fn set_up(
        settings: &StageSettings,
        interrupt: &mut Interrupt,
    ) -> Result<Option<Self>, Failure> {
        check(settings)?;
        let project = find_project()?;
        match settings.target {
            StageTarget::Embedded => Self::embedded(settings, project, interrupt).await,
            StageTarget::LocalStack => Self::localstack(settings, project, interrupt).await,
        }
    }

    async fn embedded(
        settings: &StageSettings,
        project: Project,
        interrupt: &mut Interrupt,
    ) -> Result<Option<Self>, Failure> {
        let database = database_settings(settings.database_url.as_deref())?;
        let functions = match &settings.functions {
            Some(folder) => FunctionSource::Folder(folder.clone()),
            None if settings.packaged => FunctionSource::Packages,
            None => FunctionSource::Cargo,
        };
        let embedded_settings = EmbeddedSettings {
            project: project.clone(),
            database,
            functions,
            variables: Some(chosen(settings)),
        };
        let report = Report::new(tell);
        let embedded = tokio::select! {
            embedded = Embedded::start(embedded_settings, report) => embedded?,
            // What was begun is owned by the future that is dropped here, and goes with it.
            () = interrupt.wait() => return Ok(None),
        };
        let pipeline_settings = PipelineSettings {
            port: settings.port,
            hurry: settings.hurry,
            seed: settings.seed,
            faults: if settings.disorder {
                FaultPlan::disorder(DISORDER)
            } else {
                FaultPlan::default()
            },
            relay: settings.smtp.clone(),
            email: Some(settings.email.clone()),
            lasting_database: settings.database_url.is_some(),
            ..PipelineSettings::default()
        };
        // A matter of milliseconds, so it is not interrupted half-way.
        match embedded.pipeline(pipeline_settings).await {
            Ok(pipeline) => Ok(Some(Self {
                target: Target::Embedded(Box::new(embedded)),
                pipeline,
                project,
            })),
            Err(error) => {
                // The first failure is what the user has to know.
                let _ = embedded.stop().await;
                Err(error.into())
            }
        }
    }

    async fn localstack(
        settings: &StageSettings,
        project: Project,
        interrupt: &mut Interrupt,
    ) -> Result<Option<Self>, Failure> {
        let services = &settings.services;
        let compose = settings.attach && services.endpoint.is_none();
        let host = match services.endpoint.clone() {
            Some(url) => Host::Endpoint {
                url,
                functions_database: services.functions_database.clone(),
            },
            None if settings.attach => {
                let (host, port) = COMPOSE_DATABASE_ADDRESS;
                let address = services.functions_database.clone();
                Host::Endpoint {
                    url: COMPOSE_ENDPOINT.to_owned(),
                    functions_database: address.or_else(|| Some((host.to_owned(), port))),
                }
            }
            None => Host::Containers {
                image: Image::from_variables(|name| std::env::var_os(name)),
                port: settings.port,
            },
        };
        let given = settings.database_url.as_deref();
        let database = database_settings(given.or(compose.then_some(COMPOSE_DATABASE)))?;
        let localstack_settings = LocalStackSettings {
            project: project.clone(),
            host,
            database,
            packaged: settings.packaged,
            variables: Some(chosen(settings)),
            lasting: settings.attach,
        };
        let report = Report::new(tell);
        let started = LocalStack::start(localstack_settings, &report, interrupt.wait()).await;
        let Some(localstack) = started? else {
            return Ok(None);
        };
        match localstack.whole() {
            Ok(pipeline) => Ok(Some(Self {
                target: Target::LocalStack(Box::new(localstack)),
                pipeline,
                project,
            })),
            Err(error) => {
                let _ = localstack.stop().await;
                Err(error.into())
            }
        }
    }

    /// The emulator that the stack is in, if it is ours.
    pub fn emulator(&self) -> Option<&Emulator> {
        self.pipeline.emulator()
    }

    /// LocalStack, if the stack is there.
    pub fn services(&self) -> Option<&LocalStack> {
        match &self.target {
            Target::Embedded(_) => None,
            Target::LocalStack(localstack) => Some(localstack),
        }
    }

    /// Whether a changed `terraform/` can be applied while the stack is up.
    pub fn can_refresh(&self) -> bool {
        matches!(self.target, Target::Embedded(_))
    }

    /// Makes the stack what `terraform/` says now.
    ///
    /// # Errors
    /// [`TargetError`] naming the mistakes, or what was refused.
    pub async fn refresh(&mut self) -> Result<Difference, TargetError> {
        match &self.target {
            Target::Embedded(embedded) => embedded.refresh(&mut self.pipeline).await,
            // It is made once, and brought up to date by `--attach`.
            Target::LocalStack(_) => Ok(Difference::default()),
        }
    }

    /// Takes everything down.
    ///
    /// # Errors
    /// [`Failure`] naming what could not be ended or removed.
    pub async fn take_down(self) -> Result<(), Failure> {
        let pipeline = self.pipeline.stop().await;
        let target: Result<(), TargetError> = match self.target {
            Target::Embedded(embedded) => embedded.stop().await,
            Target::LocalStack(localstack) => localstack.stop().await,
        };
        pipeline?;
        target?;
        Ok(())
    }
}

/// What the environment and the command line say of Terraform's variables.
fn chosen(settings: &StageSettings) -> Variables {
    Variables {
        environment: variables::of_environment(),
        of_target: Vec::new(),
        database_url: None,
        options: settings.variables.0.clone(),
    }
}

/// More than AWS ever shows, so that a short run sees it. A minute is what S3 and SNS seldom take;
/// --hurry divides it.
const DISORDER: Disorder = Disorder {
    twice_percent: 20,
    late_percent: 30,
    late_by: Duration::from_secs(60),
};

/// What a local stack decides by itself.
fn decided_by(target: StageTarget) -> &'static [&'static str] {
    match target {
        StageTarget::Embedded => &["database_url"],
        // A database of the stack's own is not made there, and nobody stands in for it.
        StageTarget::LocalStack => &["database", "database_url"],
    }
}

/// What is said for another target than the one that is asked for is not ignored.
fn check(settings: &StageSettings) -> Result<(), Failure> {
    let usage = |text: &str| Err(Failure::new(Exit::Usage, text));
    let services = &settings.services;
    let decided = settings.variables.0.iter().find_map(|option| match option {
        VariableOption::Value(name, _) => decided_by(settings.target)
            .iter()
            .find(|of_target| name == *of_target),
        VariableOption::File(_) => None,
    });
    if let Some(name) = decided {
        return usage(&format!(
            "--var {name} would have no effect: the stack here uses a database that is there, and \
             --database-url says which; `cargo zipster plan` takes any"
        ));
    }
    match settings.target {
        StageTarget::LocalStack if settings.disorder => {
            usage("--disorder is for --target embedded: only its deliveries are ours to disturb")
        }
        StageTarget::Embedded if settings.attach => {
            usage("--attach is for --target localstack: there is nothing else to attach to")
        }
        StageTarget::Embedded
            if services.endpoint.is_some() || services.functions_database.is_some() =>
        {
            usage("--endpoint and --functions-database are for --target localstack")
        }
        StageTarget::LocalStack if settings.functions.is_some() => usage(
            "--functions is for --target embedded; LocalStack takes packages: build them with \
             `cargo zipster package`, or leave that to this command",
        ),
        StageTarget::LocalStack
            if settings.port != 0 && (settings.attach || services.endpoint.is_some()) =>
        {
            usage("--port is for containers of one's own; what runs already has its port")
        }
        StageTarget::Embedded | StageTarget::LocalStack => Ok(()),
    }
}

/// The project around the current folder.
///
/// # Errors
/// [`Failure`] if there is none.
pub fn find_project() -> Result<Project, Failure> {
    let here = std::env::current_dir().map_err(|error| {
        Failure::new(
            Exit::Usage,
            format!("cannot tell the current folder: {error}"),
        )
    })?;
    Ok(Project::find(&here)?)
}

/// How to come by a database, from the environment and the command line.
///
/// # Errors
/// [`Failure`] if the URL is not usable.
pub fn database_settings(url: Option<&str>) -> Result<zipster_database::Settings, Failure> {
    let usage =
        |error: zipster_database::Error| Failure::new(Exit::Usage, Failure::from(error).text());
    zipster_database::Settings::from_variables(|name| match name {
        // The command line has read it already, or has something else.
        "DATABASE_URL" => url.map(Into::into),
        other => std::env::var_os(other),
    })
    .map_err(usage)
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "a report's listener is given the progress"
)]
pub fn tell(progress: Progress) {
    let (quiet, reset) = (style::QUIET.render(), style::QUIET.render_reset());
    anstream::eprintln!("{quiet}{progress}{reset}");
}
