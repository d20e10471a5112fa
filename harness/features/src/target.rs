//! The target of a run, and how a scenario gets its pipeline from it.

use std::sync::atomic::{AtomicUsize, Ordering};

use zipster_targets::{
    Aws, AwsSettings, Embedded, EmbeddedSettings, FunctionSource, Host, LocalStack,
    LocalStackSettings, Pipeline, PipelineSettings, Project, Report, TargetError, localstack,
};

use crate::settings::{RunSettings, TargetKind};

/// AWS waits a minute before the first retry of an asynchronous invocation; here it is 30 ms.
const HURRY: u32 = 2_000;

/// What all scenarios of a run share.
#[derive(Debug)]
pub enum Target {
    /// Each scenario gets an emulator and a database of its own.
    Embedded(Box<Embedded>),
    /// Each scenario gets keys of its own on the stack that is made for the run.
    LocalStack {
        localstack: Box<LocalStack>,
        scenarios: AtomicUsize,
    },
    /// Each scenario gets keys of its own on the deployed stack.
    Aws {
        aws: Box<Aws>,
        scenarios: AtomicUsize,
    },
}

impl Target {
    /// Makes or finds it; `None` if `interrupt` came first, in which case nothing is left.
    ///
    /// # Errors
    /// [`TargetError`] saying what is not available.
    pub async fn start(
        settings: &RunSettings,
        project: Project,
        report: Report,
        interrupt: impl Future<Output = ()>,
    ) -> Result<Option<Self>, TargetError> {
        let database = zipster_database::Settings::from_variables(|name| std::env::var_os(name))?;
        match settings.target {
            TargetKind::Embedded => {
                let settings = EmbeddedSettings {
                    project,
                    database,
                    functions: FunctionSource::Cargo,
                    variables: None,
                };
                tokio::select! {
                    embedded = Embedded::start(settings, report) => {
                        Ok(Some(Self::Embedded(Box::new(embedded?))))
                    }
                    // What was begun is owned by the future that is dropped here, and goes with it.
                    () = interrupt => Ok(None),
                }
            }
            TargetKind::LocalStack => {
                let host = match &settings.endpoint {
                    Some(url) => Host::Endpoint {
                        url: url.clone(),
                        functions_database: settings.functions_database.clone(),
                    },
                    None => Host::Containers {
                        image: localstack::Image::from_variables(|name| std::env::var_os(name)),
                        port: 0,
                    },
                };
                let settings = LocalStackSettings {
                    project,
                    host,
                    database,
                    packaged: settings.packaged,
                    variables: None,
                    lasting: false,
                };
                let localstack = LocalStack::start(settings, &report, interrupt).await?;
                Ok(localstack.map(|localstack| Self::LocalStack {
                    localstack: Box::new(localstack),
                    scenarios: AtomicUsize::new(0),
                }))
            }
            TargetKind::Aws => {
                let settings = AwsSettings {
                    project,
                    outputs: settings.outputs.clone(),
                    database_url: database.given_url().cloned(),
                };
                let aws = Aws::connect(settings, &report, interrupt).await?;
                Ok(aws.map(|aws| Self::Aws {
                    aws: Box::new(aws),
                    scenarios: AtomicUsize::new(0),
                }))
            }
        }
    }

    /// How many scenarios may run at once; `None` leaves it to the command line.
    #[must_use]
    pub fn concurrency(&self) -> Option<usize> {
        match self {
            Self::Embedded(_) => None,
            // They share a database whose rows they count.
            Self::LocalStack { .. } | Self::Aws { .. } => Some(1),
        }
    }

    /// Makes sure that what was started for the run is still there.
    ///
    /// # Errors
    /// [`TargetError::Unavailable`] saying what has become of it.
    pub async fn alive(&self) -> Result<(), TargetError> {
        match self {
            Self::Embedded(_) | Self::Aws { .. } => Ok(()),
            Self::LocalStack { localstack, .. } => localstack.alive().await,
        }
    }

    /// What else there is to say when a scenario has failed.
    pub async fn evidence(&self) -> Option<String> {
        match self {
            // The pipeline's story has it all.
            Self::Embedded(_) | Self::Aws { .. } => None,
            Self::LocalStack { localstack, .. } => Some(localstack.evidence().await),
        }
    }

    /// A pipeline for one scenario.
    ///
    /// # Errors
    /// [`TargetError`] saying what could not be made.
    pub async fn pipeline(&self, scenario: &str) -> Result<Pipeline, TargetError> {
        match self {
            Self::Embedded(embedded) => {
                let settings = PipelineSettings {
                    label: scenario.to_owned(),
                    hurry: HURRY,
                    email: Some("reader@example.com".to_owned()),
                    ..PipelineSettings::default()
                };
                embedded.pipeline(settings).await
            }
            Self::LocalStack {
                localstack,
                scenarios,
            } => localstack.pipeline(1 + scenarios.fetch_add(1, Ordering::Relaxed)),
            Self::Aws { aws, scenarios } => {
                aws.pipeline(1 + scenarios.fetch_add(1, Ordering::Relaxed))
            }
        }
    }

    /// Ends it, and removes what the run has made.
    ///
    /// # Errors
    /// [`TargetError`] naming what could not be ended or removed.
    pub async fn stop(self) -> Result<(), TargetError> {
        match self {
            Self::Embedded(embedded) => embedded.stop().await,
            Self::LocalStack { localstack, .. } => localstack.stop().await,
            Self::Aws { aws, .. } => aws.stop().await,
        }
    }
}
