//! The embedded target: the emulator in this process, the functions as its children, and a
//! MySQL-compatible server of our own.

use std::path::PathBuf;
use std::sync::Arc;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use url::Url;
use zipster_database::{Database, DatabaseUrl};
use zipster_emulator::clock::SystemClock;
use zipster_emulator::courier::Relay;
use zipster_emulator::fault::FaultPlan;
use zipster_emulator::{Emulator, Settings};
use zipster_names::{AccountId, Arn, Region};
use zipster_stack::{LocalDatabase, Stack};

use crate::build::{self, FunctionSource};
use crate::clients::{Access, Clients};
use crate::deploy::{self, Code, Difference, Executables};
use crate::error::chain;
use crate::notices::NoticeQueue;
use crate::pipeline::{NOTICES, Origin};
use crate::plan::Variables;
use crate::progress::{Progress, Report};
use crate::read::{OfTarget, Reading, future_database};
use crate::{Outputs, Pipeline, Project, TargetError, read, stand_in};

/// The account that the emulator plays: the one that AWS's own examples use.
const ACCOUNT: &str = "123456789012";

/// The region that the emulator plays, unless told otherwise.
const REGION: &str = "us-east-1";

/// What the target is made of.
#[derive(Debug, Clone)]
pub struct EmbeddedSettings {
    /// Whose `terraform/` is built.
    pub project: Project,
    /// How to come by a database server.
    pub database: zipster_database::Settings,
    /// Where the functions' executables come from.
    pub functions: FunctionSource,
    /// What somebody says of Terraform's variables; with `None` the variable files in `terraform/`
    /// do not count either.
    pub variables: Option<Variables>,
}

/// What one pipeline is made of.
#[derive(Debug, Clone)]
pub struct PipelineSettings {
    /// What it is for; a part of the database's name.
    pub label: String,
    /// The emulator's port; `0` lets the system choose.
    pub port: u16,
    /// How many times shorter than on AWS the waits between retries are.
    pub hurry: u32,
    /// Where the emulator's identifiers and choices come from.
    pub seed: u64,
    /// What goes wrong in the emulator.
    pub faults: FaultPlan,
    /// The SMTP server that emails are handed on to.
    pub relay: Option<Relay>,
    /// An address that is told by email and confirms its subscription.
    pub email: Option<String>,
    /// More Terraform variables, as text.
    pub variables: Vec<(String, String)>,
    /// Whether the database of `DATABASE_URL` itself is used, rather than one beside it that is
    /// dropped at the end.
    pub lasting_database: bool,
}

impl Default for PipelineSettings {
    fn default() -> Self {
        Self {
            label: "up".to_owned(),
            port: 0,
            hurry: 1,
            seed: 0,
            faults: FaultPlan::default(),
            relay: None,
            email: None,
            variables: Vec::new(),
            lasting_database: false,
        }
    }
}

/// A stack, and the secret of its master user if RDS was played for it.
type Furnished = (Stack, Option<String>);

/// A database server and the functions' executables: what all pipelines share.
#[derive(Debug)]
pub struct Embedded {
    project: Project,
    account: AccountId,
    region: Region,
    variables: Option<Variables>,
    code: Executables,
    server: zipster_database::Server,
    report: Report,
}

impl Embedded {
    /// Reads the stack, builds the functions and starts the database server.
    ///
    /// # Errors
    /// [`TargetError`]: the stack's mistakes come first, before anything is built or started.
    pub async fn start(settings: EmbeddedSettings, report: Report) -> Result<Self, TargetError> {
        let (account, region) = place();
        let chosen = settings.variables.as_ref();
        let binaries = read::in_advance(&Reading {
            project: &settings.project,
            account: &account,
            region: &region,
            chosen,
            variable_files: chosen.is_some(),
            of_target: OfTarget::default(),
        })?;
        let server = {
            let report = report.clone();
            let tell = move |event: &zipster_database::Event| {
                report.tell(Progress::Database(event.to_string()));
            };
            zipster_database::Server::find(&settings.database, &tell).await
        };
        let executables =
            build::executables(&settings.functions, &settings.project, &binaries, &report);
        let (server, executables) = (server?, executables.await);
        let executables = match executables {
            Ok(executables) => executables,
            Err(error) => {
                // The build's failure is what the user has to know; the server ends either way.
                let _ = server.stop().await;
                return Err(error);
            }
        };
        let code = match settings.functions {
            FunctionSource::Cargo | FunctionSource::Folder(_) => Code::InPlace,
            FunctionSource::Packages => Code::Zip,
        };
        Ok(Self {
            project: settings.project,
            account,
            region,
            variables: settings.variables,
            code: executables
                .into_iter()
                .map(|(name, path): (String, PathBuf)| (name, code(path)))
                .collect(),
            server,
            report,
        })
    }

    /// Stands up a pipeline of its own: a database, an emulator, and the whole stack in it.
    ///
    /// # Errors
    /// [`TargetError`]; what had been started is ended again.
    pub async fn pipeline(&self, settings: PipelineSettings) -> Result<Pipeline, TargetError> {
        let database = self.database(&settings).await?;
        let mut emulator_settings = Settings::new(self.account.clone(), self.region.clone());
        emulator_settings.port = settings.port;
        emulator_settings.seed = settings.seed;
        emulator_settings.faults = settings.faults.clone();
        emulator_settings.relay = settings.relay.clone();
        emulator_settings.clock = Arc::new(SystemClock::hurried(settings.hurry));
        let emulator = match Emulator::start(emulator_settings).await {
            Ok(emulator) => emulator,
            Err(error) => {
                let _ = database.drop().await;
                return Err(error.into());
            }
        };
        match self.furnish(&settings, database.url(), &emulator).await {
            Ok((clients, (stack, master_user), outputs, notices)) => {
                let origin = Origin {
                    settings,
                    master_user,
                };
                let stack = (stack, origin);
                Ok(Pipeline::embedded(
                    clients, stack, outputs, database, notices, emulator,
                ))
            }
            Err(error) => {
                // The first failure is what the user has to know.
                let _ = emulator.stop().await;
                let _ = database.drop().await;
                Err(error)
            }
        }
    }

    /// A database with the schema of `migrations/`.
    async fn database(&self, settings: &PipelineSettings) -> Result<Database, TargetError> {
        let database = match self.server.own_database()? {
            Some(database) if settings.lasting_database => database,
            Some(_) | None => self.server.create_database(&settings.label).await?,
        };
        match database.migrate(&self.project.migrations()).await {
            Ok(_) => Ok(database),
            Err(error) => {
                let _ = database.drop().await;
                Err(error.into())
            }
        }
    }

    async fn furnish(
        &self,
        settings: &PipelineSettings,
        database_url: &DatabaseUrl,
        emulator: &Emulator,
    ) -> Result<(Clients, Furnished, Outputs, NoticeQueue), TargetError> {
        let administrator = emulator.administrator();
        let clients = Clients::new(&Access {
            endpoint: Some(emulator.endpoint()),
            region: self.region.to_string(),
            credentials: SharedCredentialsProvider::new(Credentials::new(
                &administrator.access_key_id,
                administrator.expose_secret(),
                administrator.session_token.clone(),
                None,
                "zipster",
            )),
        });
        let (stack, master_user) = self.read(settings, database_url, &clients, None).await?;
        let outputs = Outputs::of(&stack)?;
        let strict = deploy::Leniency::default();
        deploy::deploy(&clients, &stack, &self.code, strict, &self.report).await?;
        confirm_subscriptions(&clients, emulator).await?;
        let topics = outputs.topics();
        let notices = NoticeQueue::open(&clients, &topics, NOTICES, None).await?;
        self.report.tell(Progress::Ready);
        Ok((clients, (stack, master_user), outputs, notices))
    }

    /// Reads `terraform/` once more, and makes what is in the emulator into what it says now, as
    /// `terraform apply` does. Objects, messages and rows stay.
    ///
    /// # Errors
    /// [`TargetError::Stack`] with all mistakes, and nothing was touched;
    /// [`TargetError::Deploy`] naming what was refused: what came before it is done, and the next call
    /// goes on from there.
    pub async fn refresh(&self, pipeline: &mut Pipeline) -> Result<Difference, TargetError> {
        let (Some(origin), Some(mut deployed)) =
            (pipeline.origin(), pipeline.what_is_deployed().cloned())
        else {
            return Err(TargetError::NoEmulator);
        };
        let url = pipeline.database().url();
        let clients = pipeline.clients();
        let master_user = origin.master_user.clone();
        let (stack, master_user) = self
            .read(&origin.settings, url, clients, master_user)
            .await?;
        let outputs = Outputs::of(&stack)?;
        let (code, report) = (&self.code, &self.report);
        let applied = deploy::apply(clients, &mut deployed, &stack, code, report).await;
        let difference = match applied {
            Ok(difference) => difference,
            Err(error) => {
                pipeline.stopped_at(deployed);
                return Err(error);
            }
        };
        if let Some(emulator) = pipeline.emulator() {
            confirm_subscriptions(clients, emulator).await?;
        }
        pipeline.become_other(stack, outputs, master_user).await?;
        Ok(difference)
    }

    /// Reads the stack for this database. What has a name by chance, such as a secret, is made,
    /// unless it is there already.
    async fn read(
        &self,
        settings: &PipelineSettings,
        database_url: &DatabaseUrl,
        clients: &Clients,
        master_user: Option<String>,
    ) -> Result<Furnished, TargetError> {
        let emails = settings
            .email
            .iter()
            .map(|email| format!("{email:?}"))
            .collect::<Vec<_>>()
            .join(", ");
        let emails = format!("[{emails}]");
        let always: Vec<(&str, &str)> = settings
            .variables
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let usually = [("notification_emails", emails.as_str())];
        let read = |database: &LocalDatabase, secrets: &[(String, Arn)]| {
            read::stack(&Reading {
                project: &self.project,
                account: &self.account,
                region: &self.region,
                chosen: self.variables.as_ref(),
                variable_files: self.variables.is_some(),
                of_target: OfTarget {
                    usually: &usually,
                    always: &always,
                    database_url: Some(database_url.expose()),
                    database: Some(database),
                    secrets,
                },
            })
        };
        let stack = read(&future_database(&self.account, &self.region), &[])?;
        Outputs::of(&stack)?;
        let secrets = deploy::make_secrets(clients, &stack).await?;
        let master_user = match master_user {
            Some(arn) => Some(arn),
            None => stand_in::play_rds(clients, &stack, database_url).await?,
        };
        if secrets.is_empty() && master_user.is_none() {
            return Ok((stack, None));
        }
        let database = stand_in::database(database_url, master_user.clone())?;
        let stack = read(&database, &secrets)?;
        stand_in::play_instance(clients, &stack, &secrets, database_url).await?;
        Ok((stack, master_user))
    }

    /// Ends the database server, if it is ours.
    ///
    /// # Errors
    /// If it cannot be ended or its data cannot be removed.
    pub async fn stop(self) -> Result<(), TargetError> {
        self.server.stop().await?;
        Ok(())
    }
}

/// Plays the readers who follow the link in the confirmation email.
async fn confirm_subscriptions(clients: &Clients, emulator: &Emulator) -> Result<(), TargetError> {
    emulator.settled().await;
    for mail in emulator.services().sns.inbox() {
        let (Some(topic), Some(link)) = (mail.topic, mail.confirm_link) else {
            continue;
        };
        let token = Url::parse(&link).ok().and_then(|link| {
            link.query_pairs()
                .find(|(name, _)| name == "Token")
                .map(|(_, token)| token.into_owned())
        });
        clients
            .sns
            .confirm_subscription()
            .topic_arn(topic)
            .set_token(token)
            .send()
            .await
            .map_err(|error| TargetError::Call {
                what: "ConfirmSubscription".to_owned(),
                reason: chain(&error),
            })?;
    }
    Ok(())
}

/// The account and the region that the emulator plays.
pub(crate) fn place() -> (AccountId, Region) {
    (
        AccountId::parse(ACCOUNT).expect("twelve digits are an account"),
        Region::parse(REGION).expect("us-east-1 is a region"),
    )
}
