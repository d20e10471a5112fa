//! What a stack stands on: services that answer, a database, and the stack as read for them.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use rand::RngExt as _;
use sha2::{Digest as _, Sha256};
use zipster_database::{Database, DatabaseUrl, Server, Way};
use zipster_names::{AccountId, Arn, Region};
use zipster_stack::{Kind, Stack};

use super::containers::Containers;
use super::ready::ready;
use super::{Host, LocalStackSettings, evidence};
use crate::clients::{Access, Clients};
use crate::deploy::{self, Code, Executables, Leniency};
use crate::error::chain;
use crate::keys;
use crate::notices::NoticeQueue;
use crate::package::Architecture;
use crate::progress::{Progress, Report};
use crate::read::{OfTarget, Reading};
use crate::watch::Attempts;
use crate::{Outputs, Project, TargetError, read};

/// The region, unless `AWS_REGION` says otherwise.
const REGION: &str = "us-east-1";

/// The account of those who do not say which.
const ACCOUNT: &str = "000000000000";

/// Lambda's default: <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html>.
const RETRIES: u64 = 2;

/// Services, a database, and the stack for them. Nothing of the stack is made before
/// [`furnish`](Self::furnish); [`clear`](Self::clear) removes it all.
#[derive(Debug)]
pub(super) struct Ground {
    containers: Option<Containers>,
    server: Server,
    /// The database of this run, dropped at its end unless somebody else made it.
    database: Database,
    /// The same database on connections of their own, one set for each scenario.
    visitors: Server,
    endpoint: String,
    clients: Clients,
    stack: Stack,
    outputs: Outputs,
    attempts: Attempts,
    lasting: bool,
    /// The operations that the target does not know, once the stack is made.
    lacks: Mutex<Vec<String>>,
    /// What was uploaded: the package and its hash, by the function's name.
    uploaded: Mutex<BTreeMap<String, (Code, Vec<u8>)>>,
}

/// What [`Ground::prepare`] has when everything answers.
struct Running {
    server: Server,
    endpoint: String,
    clients: Clients,
    account: AccountId,
    region: Region,
}

impl Ground {
    /// Starts or finds services and a database; `None` if `interrupt` came first, in which case
    /// nothing is left.
    pub async fn prepare(
        settings: &LocalStackSettings,
        report: &Report,
        interrupt: &mut Pin<&mut impl Future<Output = ()>>,
    ) -> Result<Option<Self>, TargetError> {
        let mut containers = match &settings.host {
            Host::Containers { .. } => Some(Containers::begin(report).await?),
            Host::Endpoint { .. } => None,
        };
        let running = tokio::select! {
            running = run(settings, containers.as_mut(), report) => running.map(Some),
            () = interrupt => Ok(None),
        };
        let running = match running {
            Ok(Some(running)) => running,
            other => {
                if let Some(containers) = containers {
                    containers.give_up().await?;
                }
                return other.map(|_| None);
            }
        };
        Self::plan(settings, containers, running).await.map(Some)
    }

    async fn plan(
        settings: &LocalStackSettings,
        containers: Option<Containers>,
        running: Running,
    ) -> Result<Self, TargetError> {
        let Running {
            server,
            endpoint,
            clients,
            account,
            region,
        } = running;
        let planned = async {
            let database = make_database(&server, &settings.project, settings.lasting).await?;
            let visitors = match visitors(&database).await {
                Ok(visitors) => visitors,
                Err(error) => {
                    let _ = database.drop().await;
                    return Err(error);
                }
            };
            let place = (&account, &region);
            match plan(settings, &server, &database, &clients, place).await {
                Ok((stack, outputs)) => Ok((database, visitors, stack, outputs)),
                Err(error) => {
                    let _ = database.drop().await;
                    Err(error)
                }
            }
        };
        match planned.await {
            Ok((database, visitors, stack, outputs)) => Ok(Self {
                attempts: attempts(&stack, &outputs),
                containers,
                server,
                database,
                visitors,
                endpoint,
                clients,
                stack,
                outputs,
                lasting: settings.lasting,
                lacks: Mutex::default(),
                uploaded: Mutex::default(),
            }),
            Err(error) => {
                // The first failure is what the user has to know.
                let _ = server.stop().await;
                if let Some(containers) = containers {
                    let _ = containers.remove().await;
                }
                Err(error)
            }
        }
    }

    pub fn clients(&self) -> &Clients {
        &self.clients
    }

    pub fn outputs(&self) -> &Outputs {
        &self.outputs
    }

    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    pub fn is_lasting(&self) -> bool {
        self.lasting
    }

    pub fn attempts(&self) -> Attempts {
        self.attempts
    }

    pub fn database_url(&self) -> &DatabaseUrl {
        self.database.owner_url()
    }

    pub fn database(&self) -> Result<Database, TargetError> {
        self.visitors
            .own_database()?
            .ok_or_else(|| TargetError::NotUsable(vec!["the database has no name".to_owned()]))
    }

    pub fn lacks(&self) -> Vec<String> {
        self.lacks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Makes the stack.
    pub async fn furnish(&self, code: &Executables, report: &Report) -> Result<(), TargetError> {
        let leniency = Leniency {
            update_existing: self.lasting,
            go_without: true,
        };
        self.note_uploads(code).await?;
        let lacks = deploy::deploy(&self.clients, &self.stack, code, leniency, report).await?;
        *self.lacks.lock().unwrap_or_else(PoisonError::into_inner) = lacks;
        Ok(())
    }

    /// Makes the queue that hears the stack's topics. It belongs to nobody until this returns, so
    /// it is not to be dropped half-way.
    pub async fn listen(&self, report: &Report) -> Result<NoticeQueue, TargetError> {
        report.tell(Progress::Listening);
        let name = format!("{}-{}", keys::FOLDER, keys::run_name());
        NoticeQueue::open(&self.clients, &self.outputs.topics(), &name, None).await
    }

    async fn note_uploads(&self, code: &Executables) -> Result<(), TargetError> {
        for function in self.stack.functions() {
            let Some(code) = code.get(&deploy::binary_of(function)?) else {
                continue;
            };
            let hash = hash(code).await?;
            self.uploaded
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(function.name.to_string(), (code.clone(), hash));
        }
        Ok(())
    }

    /// Uploads the packages that are others than those that were uploaded.
    pub async fn refresh(&self) -> Result<Vec<String>, TargetError> {
        let uploaded = self
            .uploaded
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let mut refreshed = Vec::new();
        for (function, (code, before)) in uploaded {
            let now = hash(&code).await?;
            if now == before {
                continue;
            }
            deploy::update_code(&self.clients, &function, &code).await?;
            self.uploaded
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(function.clone(), (code, now));
            refreshed.push(function);
        }
        Ok(refreshed)
    }

    /// What was written last, and what is lacking.
    pub async fn evidence(&self) -> String {
        let mut text = String::new();
        for lack in self.lacks() {
            text.push_str(&format!("This target does without {lack}.\n"));
        }
        text.push_str(&evidence::of_functions(&self.clients, &self.outputs).await);
        if let Some(containers) = &self.containers {
            text.push_str("LocalStack's container wrote last:\n");
            text.push_str(&containers.said().await);
        }
        text
    }

    /// Whether LocalStack's container and the database are still there.
    pub async fn alive(&self) -> Result<(), TargetError> {
        if let Some(containers) = &self.containers {
            containers.alive().await?;
        }
        zipster_database::count_zip_codes(self.database.pool())
            .await
            .map(|_| ())
            .map_err(|error| {
                let reason = chain(&error);
                TargetError::Unavailable(format!("the database is gone: {reason}"))
            })
    }

    /// The same error, unless it only follows from the end of a container.
    pub async fn explain(&self, error: TargetError) -> TargetError {
        match self.alive().await {
            Ok(()) => error,
            Err(end) => end,
        }
    }

    /// Removes what was made.
    pub async fn clear(self) -> Result<(), TargetError> {
        let mut first: Result<(), TargetError> = Ok(());
        let mut note = |result: Result<(), TargetError>| {
            if first.is_ok() {
                first = result;
            }
        };
        // What is in a container goes with it.
        if self.containers.is_none() && !self.lasting {
            note(deploy::remove(&self.clients, &self.stack).await);
        }
        note(self.visitors.stop().await.map_err(TargetError::from));
        note(self.database.drop().await.map_err(TargetError::from));
        note(self.server.stop().await.map_err(TargetError::from));
        if let Some(containers) = self.containers {
            note(containers.remove().await);
        }
        first
    }
}

/// Starts or finds the services and the database server.
async fn run(
    settings: &LocalStackSettings,
    containers: Option<&mut Containers>,
    report: &Report,
) -> Result<Running, TargetError> {
    let tell = {
        let report = report.clone();
        move |event: &zipster_database::Event| report.tell(Progress::Database(event.to_string()))
    };
    let (endpoint, server, containers) = match (&settings.host, containers) {
        (Host::Containers { image, port }, Some(containers)) => {
            let (label, value) = containers.session().label();
            let database = settings
                .database
                .clone()
                .ways([Way::Given, Way::Container])
                .network(containers.session().name())
                .label(label, value);
            if database.given_url().is_none() {
                containers
                    .engine()
                    .image(database.image_name(), "MYSQL_IMAGE", report)
                    .await?;
            }
            let (endpoint, server) = tokio::join!(
                containers.start_localstack(image, *port, report),
                Server::find(&database, &tell),
            );
            (endpoint?, server?, Some(&*containers))
        }
        (Host::Containers { .. }, None) => {
            return Err(TargetError::Unavailable(
                "there are no containers".to_owned(),
            ));
        }
        (Host::Endpoint { url, .. }, _) => {
            let server = Server::find(&settings.database, &tell).await?;
            (url.trim_end_matches('/').to_owned(), server, None)
        }
    };
    report.tell(Progress::Checking(endpoint.clone()));
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let region = variable("AWS_REGION").unwrap_or_else(|| REGION.to_owned());
    let region = Region::parse(&region)
        .map_err(|error| TargetError::Unavailable(format!("AWS_REGION: {error}")))?;
    // A container of our own knows nobody; what runs already may.
    let given = match containers {
        Some(_) => None,
        None => variable("AWS_ACCESS_KEY_ID").zip(variable("AWS_SECRET_ACCESS_KEY")),
    };
    let (id, secret) = given.unwrap_or_else(|| ("test".to_owned(), "test".to_owned()));
    let clients = Clients::new(&Access {
        endpoint: Some(endpoint.clone()),
        region: region.to_string(),
        credentials: SharedCredentialsProvider::new(Credentials::new(
            id, secret, None, None, "zipster",
        )),
    });
    ready(&clients, &endpoint, containers).await?;
    let account = match clients.sts.get_caller_identity().send().await {
        Ok(identity) => identity.account().unwrap_or(ACCOUNT).to_owned(),
        // What has no STS has no accounts either.
        Err(_) => ACCOUNT.to_owned(),
    };
    let account = AccountId::parse(&account)
        .map_err(|error| TargetError::Unavailable(format!("GetCallerIdentity: {error}")))?;
    Ok(Running {
        server,
        endpoint,
        clients,
        account,
        region,
    })
}

/// A database with the schema of `migrations/`.
async fn make_database(
    server: &Server,
    project: &Project,
    lasting: bool,
) -> Result<Database, TargetError> {
    let database = match server.own_database()? {
        Some(database) if lasting => database,
        Some(_) | None => server.create_database("localstack").await?,
    };
    match database.migrate(&project.migrations()).await {
        Ok(_) => Ok(database),
        Err(error) => {
            let _ = database.drop().await;
            Err(error.into())
        }
    }
}

/// The way into a database for others, who leave it as it is.
async fn visitors(database: &Database) -> Result<Server, TargetError> {
    let settings = zipster_database::Settings::from_variables(|_| None)?
        .database_url(Some(database.owner_url().clone()))
        .ways([Way::Given]);
    Ok(Server::find(&settings, &zipster_database::Silent).await?)
}

/// The stack for this account, with the functions' way to the database. What has a name by chance,
/// such as a secret, is made.
async fn plan(
    settings: &LocalStackSettings,
    server: &Server,
    database: &Database,
    clients: &Clients,
    (account, region): (&AccountId, &Region),
) -> Result<(Stack, Outputs), TargetError> {
    let address = match &settings.host {
        Host::Containers { .. } => server.address_in_network(),
        Host::Endpoint {
            functions_database, ..
        } => functions_database.clone(),
    };
    let url = match address {
        None => database.url().clone(),
        Some((host, port)) => database.url().with_address(&host, port).map_err(|error| {
            TargetError::Unavailable(format!("{host} cannot be the database's address: {error}"))
        })?,
    };
    let architecture = Architecture::of_this_machine()?.as_str();
    // Beside others on the same services, a run needs names of its own.
    let own_name = format!("zipster-{:08x}", rand::rng().random::<u32>());
    let mut always = vec![("database", "existing"), ("architecture", architecture)];
    if matches!(settings.host, Host::Endpoint { .. }) && !settings.lasting {
        always.push(("project", &own_name));
    }
    let read = |secrets: &[(String, Arn)]| {
        read::stack(&Reading {
            project: &settings.project,
            account,
            region,
            chosen: settings.variables.as_ref(),
            variable_files: settings.variables.is_some(),
            of_target: OfTarget {
                // A file may name the addresses of real people.
                usually: &[("notification_emails", "[]")],
                always: &always,
                database_url: Some(url.expose()),
                secrets,
                ..OfTarget::default()
            },
        })
    };
    let mut stack = read(&[])?;
    let secrets = deploy::make_secrets(clients, &stack).await?;
    if !secrets.is_empty() {
        stack = read(&secrets)?;
    }
    let outputs = Outputs::of(&stack)?;
    Ok((stack, outputs))
}

/// How often each function tries an event.
fn attempts(stack: &Stack, outputs: &Outputs) -> Attempts {
    let of = |name: &str| {
        let retries = stack
            .resources
            .iter()
            .find_map(|resource| {
                let Kind::FunctionEventInvokeConfig(config) = &resource.kind else {
                    return None;
                };
                (config.function.as_str() == name).then_some(config.maximum_retry_attempts)
            })
            .unwrap_or(RETRIES);
        1 + usize::try_from(retries).unwrap_or(0)
    };
    Attempts {
        transform: of(&outputs.transform_function),
        load: of(&outputs.load_function),
    }
}

/// The SHA-256 of a package or an executable.
async fn hash(code: &Code) -> Result<Vec<u8>, TargetError> {
    let (Code::Zip(path) | Code::InPlace(path)) = code;
    let bytes = tokio::fs::read(path)
        .await
        .map_err(|source| TargetError::Read {
            path: path.clone(),
            source,
        })?;
    Ok(Sha256::digest(&bytes).to_vec())
}
