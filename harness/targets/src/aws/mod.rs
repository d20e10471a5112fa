//! The aws target: a stack that `terraform apply` has made, in an account of somebody's.
//!
//! It finds the stack by Terraform's outputs, looks whether the scenarios may and can run against
//! it (`checks`), and hears of what happens through a queue of its own. Everything that a run
//! makes carries the run's name, and [`Aws::stop`] removes it, however the run ended: the queue
//! and its subscriptions, objects in all their versions, and the rows that were loaded.
//!
//! AWS is whatever answers at the SDK's endpoints: `AWS_ENDPOINT_URL` leads elsewhere, as for
//! every AWS tool.

mod checks;
mod credentials;
mod database;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;

use zipster_database::{Server, Way};

use crate::clients::{Access, Clients};
use crate::keys::{FOLDER, KeySpace};
use crate::notices::NoticeQueue;
use crate::progress::{Progress, Report};
use crate::watch::Attempts;
use crate::{Outputs, Pipeline, Project, TargetError, keys, leftovers};

/// How to reach a deployed stack.
#[derive(Debug, Clone)]
pub struct AwsSettings {
    /// Whose `terraform/` was applied.
    pub project: Project,
    /// A file with what `terraform output -json` printed; without one, terraform is asked.
    pub outputs: Option<PathBuf>,
    /// How to reach the database, when not by Terraform's outputs.
    pub database_url: Option<zipster_database::DatabaseUrl>,
}

/// A deployed stack, and what this run has made beside it.
#[derive(Debug)]
pub struct Aws {
    run: KeySpace,
    clients: Clients,
    outputs: Outputs,
    server: Server,
    attempts: Attempts,
    notices: Arc<NoticeQueue>,
}

impl Aws {
    /// Finds the stack, checks that it can be used, applies the migrations, and listens; `None` if
    /// `interrupt` came first, in which case nothing is left behind. Not to be dropped half-way.
    ///
    /// # Errors
    /// [`TargetError::NotUsable`] with everything that speaks against it; nothing was changed
    /// then. Other errors leave nothing behind either.
    pub async fn connect(
        settings: AwsSettings,
        report: &Report,
        interrupt: impl Future<Output = ()>,
    ) -> Result<Option<Self>, TargetError> {
        let mut interrupt = std::pin::pin!(interrupt);
        let found = tokio::select! {
            found = Found::find(settings, report) => found?,
            () = &mut interrupt => return Ok(None),
        };
        let aws = found.open(report).await?;
        let heard = tokio::select! {
            heard = aws.notices.hear_oneself() => heard.map(|()| true),
            () = &mut interrupt => Ok(false),
        };
        match heard {
            Ok(true) => {
                report.tell(Progress::Ready);
                Ok(Some(aws))
            }
            Ok(false) => aws.stop().await.map(|()| None),
            Err(error) => {
                // The first failure is what the user has to know.
                let _ = aws.stop().await;
                Err(error)
            }
        }
    }
}

/// A stack that can be used, before anything was made in it.
struct Found {
    clients: Clients,
    outputs: Outputs,
    server: Server,
    attempts: Attempts,
}

impl Found {
    async fn find(settings: AwsSettings, report: &Report) -> Result<Self, TargetError> {
        let text = read_outputs(&settings).await?;
        let outputs = Outputs::from_json(&text).map_err(TargetError::NotUsable)?;
        report.tell(Progress::Checking(format!(
            "account {}, {}",
            outputs.account_id, outputs.region
        )));
        let caller = credentials::load(&outputs).await?;
        let clients = Clients::new(&Access {
            endpoint: caller.endpoint.clone(),
            region: outputs.region.clone(),
            credentials: caller.credentials.clone(),
        });
        let attempts = checks::functions(&clients, &outputs, &settings.project).await?;
        let url = match settings.database_url {
            Some(url) => url,
            None => database::url(&text, &caller).await?,
        };
        let server = {
            let report = report.clone();
            let tell = move |event: &zipster_database::Event| {
                report.tell(Progress::Database(event.to_string()));
            };
            let given = zipster_database::Settings::from_variables(|_| None)?
                .database_url(Some(url))
                .ways([Way::Given]);
            Server::find(&given, &tell).await?
        };
        database::prepare(&server, &settings.project, FOLDER).await?;
        Ok(Self {
            clients,
            outputs,
            server,
            attempts,
        })
    }

    /// Makes the run's queue.
    async fn open(self, report: &Report) -> Result<Aws, TargetError> {
        let run = keys::run_name();
        report.tell(Progress::Listening);
        let name = format!("{FOLDER}-{run}");
        let notices = NoticeQueue::open(&self.clients, &self.outputs.topics(), &name, None).await?;
        Ok(Aws {
            run: KeySpace::below(&format!("{FOLDER}/{run}")),
            clients: self.clients,
            outputs: self.outputs,
            server: self.server,
            attempts: self.attempts,
            notices: Arc::new(notices),
        })
    }
}

impl Aws {
    /// A part of the stack for one scenario: keys that belong to it alone.
    ///
    /// # Errors
    /// [`TargetError::Database`] if the outputs' database cannot be used.
    pub fn pipeline(&self, number: usize) -> Result<Pipeline, TargetError> {
        let database = self.database()?;
        let keys = KeySpace::below(&self.run.key(&number.to_string()));
        Ok(Pipeline::deployed(
            self.clients.clone(),
            self.outputs.clone(),
            database,
            Arc::clone(&self.notices),
            keys,
            self.attempts,
        ))
    }

    fn database(&self) -> Result<zipster_database::Database, TargetError> {
        self.server
            .own_database()?
            .ok_or_else(|| TargetError::NotUsable(vec![database::NO_NAME.to_owned()]))
    }

    /// Removes everything that this run has made.
    ///
    /// # Errors
    /// The first thing that could not be removed; the others are tried all the same.
    pub async fn stop(self) -> Result<(), TargetError> {
        let notices = self.notices.close().await;
        let database = self.database();
        let left = match &database {
            Ok(database) => {
                leftovers::remove_for_good(&self.clients, &self.outputs, database, &self.run).await
            }
            Err(_) => Ok(()),
        };
        database?.drop().await?;
        let server = self.server.stop().await;
        notices?;
        left?;
        server?;
        Ok(())
    }
}

/// What `terraform output -json` prints, from the file or from terraform itself.
async fn read_outputs(settings: &AwsSettings) -> Result<String, TargetError> {
    if let Some(path) = &settings.outputs {
        return tokio::fs::read_to_string(path)
            .await
            .map_err(|source| TargetError::Read {
                path: path.clone(),
                source,
            });
    }
    let folder = settings.project.terraform();
    let mut problems = Vec::new();
    for program in ["terraform", "tofu"] {
        match ask(program, &folder).await {
            Ok(text) => return Ok(text),
            Err(problem) => problems.push(problem),
        }
    }
    problems.push(
        "pass what `terraform output -json` printed with --outputs FILE, \
         or run where the stack was applied"
            .to_owned(),
    );
    Err(TargetError::NotUsable(problems))
}

async fn ask(program: &str, folder: &Path) -> Result<String, String> {
    let output = tokio::process::Command::new(program)
        .arg(format!("-chdir={}", folder.display()))
        .args(["output", "-json"])
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|error| format!("cannot run {program}: {error}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{program} output: {}", said.trim()));
    }
    String::from_utf8(output.stdout).map_err(|error| format!("{program} output: {error}"))
}
