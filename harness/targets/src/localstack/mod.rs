//! The localstack target: an implementation of AWS's services that is not ours, and MySQL.
//!
//! Either [`Host::Containers`]: LocalStack and MySQL in containers of the run's own, which go with
//! it, however it ends. Or [`Host::Endpoint`]: whatever speaks AWS's API at a URL, such as
//! LocalStack from `compose.yaml`, or one of its successors. The stack that the reader got from
//! `terraform/` is made there through the public APIs, and what happens is known by the notices
//! alone, as on AWS.

mod containers;
mod evidence;
mod ground;
mod ready;

use std::sync::Arc;

use zipster_database::{Database, DatabaseUrl};

use crate::keys::{self, KeySpace};
use crate::notices::NoticeQueue;
use crate::package::{self, Architecture, PackageFor};
use crate::plan::Variables;
use crate::progress::{Progress, Report};
use crate::read::{OfTarget, Reading};
use crate::{FunctionSource, Outputs, Pipeline, Project, TargetError, build, deploy, glibc, read};

use ground::Ground;

/// The last image that asks for no token: from February 2026. Its successors end at once, with
/// code 55, unless `LOCALSTACK_AUTH_TOKEN` is set.
pub const LOCALSTACK_IMAGE: &str = "localstack/localstack:4.14.0";

/// Where LocalStack of `compose.yaml` answers.
pub const COMPOSE_ENDPOINT: &str = "http://127.0.0.1:4566";

/// MySQL of `compose.yaml`, from this machine.
pub const COMPOSE_DATABASE: &str = "mysql://root:zipster@127.0.0.1:3306/zipster";

/// Where the functions of LocalStack of `compose.yaml` find that MySQL: host and port.
pub const COMPOSE_DATABASE_ADDRESS: (&str, u16) = ("mysql", 3306);

/// An image that speaks AWS's API on port 4566, and what it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Such as [`LOCALSTACK_IMAGE`].
    pub name: String,
    /// The base of functions' containers, if not LocalStack's own choice.
    pub lambda: Option<String>,
    /// `LOCALSTACK_AUTH_TOKEN`.
    pub token: Option<String>,
}

impl Image {
    /// Reads `LOCALSTACK_IMAGE`, `LAMBDA_IMAGE` and `LOCALSTACK_AUTH_TOKEN` through `variable`.
    pub fn from_variables(variable: impl Fn(&str) -> Option<std::ffi::OsString>) -> Self {
        let text = |name: &str| {
            variable(name)
                .map(|value| value.to_string_lossy().into_owned())
                .filter(|value| !value.is_empty())
        };
        Self {
            name: text("LOCALSTACK_IMAGE").unwrap_or_else(|| LOCALSTACK_IMAGE.to_owned()),
            lambda: text("LAMBDA_IMAGE"),
            token: text("LOCALSTACK_AUTH_TOKEN"),
        }
    }
}

/// Where the services come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    /// Containers of the run's own.
    Containers {
        /// What answers in LocalStack's place, usually LocalStack.
        image: Image,
        /// The port on this machine; `0` lets Docker choose.
        port: u16,
    },
    /// Something that runs already.
    Endpoint {
        /// Such as `http://127.0.0.1:4566`.
        url: String,
        /// Host and port at which its functions reach the database server, if not as we do.
        functions_database: Option<(String, u16)>,
    },
}

/// What the target is made of.
#[derive(Debug, Clone)]
pub struct LocalStackSettings {
    /// Whose `terraform/` is made.
    pub project: Project,
    /// Where the services come from.
    pub host: Host,
    /// How to come by a database server. With [`Host::Containers`] it is a container, unless a URL
    /// is given.
    pub database: zipster_database::Settings,
    /// Whether the packages in `target/lambda` are taken as they are, rather than built.
    pub packaged: bool,
    /// What somebody says of Terraform's variables; with `None` the variable files in `terraform/`
    /// do not count either.
    pub variables: Option<Variables>,
    /// Whether the stack stays when the target ends, and one that is there is brought up to date.
    pub lasting: bool,
}

/// The stack on LocalStack, and what this run listens with.
#[derive(Debug)]
pub struct LocalStack {
    ground: Ground,
    notices: Arc<NoticeQueue>,
    run: KeySpace,
}

impl LocalStack {
    /// Packages the functions, starts what is to be started, makes the stack, and listens; `None`
    /// if `interrupt` came first, in which case nothing is left behind.
    ///
    /// # Errors
    /// The stack's mistakes come first, before anything is built or started. Nothing is left behind
    /// by any error.
    pub async fn start(
        settings: LocalStackSettings,
        report: &Report,
        interrupt: impl Future<Output = ()>,
    ) -> Result<Option<Self>, TargetError> {
        let mut interrupt = std::pin::pin!(interrupt);
        let packages = tokio::select! {
            packages = packages(&settings, report) => packages?,
            () = &mut interrupt => return Ok(None),
        };
        let Some(ground) = Ground::prepare(&settings, report, &mut interrupt).await? else {
            return Ok(None);
        };
        let furnished = tokio::select! {
            furnished = ground.furnish(&packages, report) => furnished.map(Some),
            () = &mut interrupt => Ok(None),
        };
        let heard = match furnished {
            Ok(Some(())) => listen(&ground, report, &mut interrupt).await,
            Ok(None) => Ok(None),
            Err(error) => Err(error),
        };
        match heard {
            Ok(Some(notices)) => {
                report.tell(Progress::Ready);
                Ok(Some(Self {
                    ground,
                    notices: Arc::new(notices),
                    run: KeySpace::below(&format!("{}/{}", keys::FOLDER, keys::run_name())),
                }))
            }
            Ok(None) => ground.clear().await.map(|()| None),
            Err(error) => {
                let error = ground.explain(error).await;
                // The first failure is what the user has to know.
                let _ = ground.clear().await;
                Err(error)
            }
        }
    }

    /// A part of the stack for one scenario: keys that belong to it alone.
    ///
    /// # Errors
    /// [`TargetError::Database`] if the database cannot be used.
    pub fn pipeline(&self, number: usize) -> Result<Pipeline, TargetError> {
        let folder = format!("scenario-{number}");
        // Buckets of one's own need no long names, which announcements would cut short.
        self.pipeline_of(match self.is_lasting() {
            true => KeySpace::below(&self.run.key(&folder)),
            false => KeySpace::below(&folder),
        })
    }

    /// The whole stack, for somebody who works with it by hand.
    ///
    /// # Errors
    /// [`TargetError::Database`] if the database cannot be used.
    pub fn whole(&self) -> Result<Pipeline, TargetError> {
        self.pipeline_of(KeySpace::whole())
    }

    fn pipeline_of(&self, keys: KeySpace) -> Result<Pipeline, TargetError> {
        Ok(Pipeline::deployed(
            self.ground.clients().clone(),
            self.outputs().clone(),
            self.database()?,
            Arc::clone(&self.notices),
            keys,
            self.ground.attempts(),
        ))
    }

    /// The names of buckets, topics and functions.
    #[must_use]
    pub fn outputs(&self) -> &Outputs {
        self.ground.outputs()
    }

    /// Where the services answer.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        self.ground.endpoint()
    }

    /// The database that load writes into, through connections of its own.
    ///
    /// # Errors
    /// [`TargetError::Database`] if it cannot be used.
    pub fn database(&self) -> Result<Database, TargetError> {
        self.ground.database()
    }

    /// The database's URL with all rights, from this machine.
    #[must_use]
    pub fn database_url(&self) -> &DatabaseUrl {
        self.ground.database_url()
    }

    /// What the target does not know of the stack: addresses and operations.
    #[must_use]
    pub fn lacks(&self) -> Vec<String> {
        self.ground.lacks()
    }

    /// What the container and the functions wrote last, and what the target lacks: for a report of
    /// something that failed.
    pub async fn evidence(&self) -> String {
        self.ground.evidence().await
    }

    /// Whether the stack stays when this ends.
    #[must_use]
    pub fn is_lasting(&self) -> bool {
        self.ground.is_lasting()
    }

    /// Makes sure that what was started is still there.
    ///
    /// # Errors
    /// [`TargetError::Unavailable`] with how it ended and what it said last.
    pub async fn alive(&self) -> Result<(), TargetError> {
        self.ground.alive().await
    }

    /// Uploads packages that have changed since they were uploaded, and names their functions.
    ///
    /// # Errors
    /// [`TargetError::Deploy`] if the target refuses one.
    pub async fn refresh(&self) -> Result<Vec<String>, TargetError> {
        self.ground.refresh().await
    }

    /// Removes what was made here: with containers of its own all of it, else the stack, unless it
    /// is to last.
    ///
    /// # Errors
    /// The first thing that could not be removed; the others are tried all the same.
    pub async fn stop(self) -> Result<(), TargetError> {
        let notices = self.notices.close().await;
        let cleared = self.ground.clear().await;
        notices?;
        cleared
    }
}

/// Makes the run's queue and waits until it hears; a queue that is not used is removed again.
async fn listen(
    ground: &Ground,
    report: &Report,
    interrupt: impl Future<Output = ()>,
) -> Result<Option<NoticeQueue>, TargetError> {
    let notices = ground.listen(report).await?;
    let heard = tokio::select! {
        heard = notices.hear_oneself() => heard.map(Some),
        () = interrupt => Ok(None),
    };
    match heard {
        Ok(Some(())) => Ok(Some(notices)),
        Ok(None) => notices.close().await.map(|()| None),
        Err(error) => {
            // The first failure is what the user has to know.
            let _ = notices.close().await;
            Err(error)
        }
    }
}

/// The functions' packages, looked at before anything is started: they have to run on Lambda.
async fn packages(
    settings: &LocalStackSettings,
    report: &Report,
) -> Result<deploy::Executables, TargetError> {
    let project = &settings.project;
    let (account, region) = crate::embedded::place();
    let chosen = settings.variables.as_ref();
    let binaries = read::in_advance(&Reading {
        project,
        account: &account,
        region: &region,
        chosen,
        variable_files: chosen.is_some(),
        of_target: OfTarget {
            always: &[("database", "existing")],
            ..OfTarget::default()
        },
    })?;
    if settings.packaged {
        build::executables(&FunctionSource::Packages, project, &binaries, report).await?;
    } else {
        let purpose = PackageFor::Lambda(Architecture::of_this_machine()?);
        package::package(project, purpose, &binaries, report).await?;
    }
    let mut complaints = Vec::new();
    let mut code = deploy::Executables::new();
    for binary in binaries {
        let path = project.package(&binary);
        let look = path.clone();
        let newer = tokio::task::spawn_blocking(move || {
            glibc::newer_in_package(glibc::AMAZON_LINUX_2023, &look)
        })
        .await
        .map_err(|error| TargetError::Build(error.to_string()))?;
        match newer {
            Ok(newer) if newer.is_empty() => {}
            Ok(newer) => complaints.push(glibc::complaint(&path, &newer)),
            Err(problem) => complaints.push(format!("{}: {problem}", path.display())),
        }
        code.insert(binary, deploy::Code::Zip(path));
    }
    if complaints.is_empty() {
        Ok(code)
    } else {
        Err(TargetError::Unavailable(complaints.join("\n")))
    }
}
