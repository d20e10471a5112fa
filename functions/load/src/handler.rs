//! The load function as Lambda calls it: one load file, three announced steps.

use bytes::Bytes;
use pipeline::clients::Clients;
use pipeline::event::Created;
use pipeline::failure::Failure;
use pipeline::notice::{Announcer, Count, Function, Publisher, Step};
use pipeline::object::{self, Deletion, Object};
use pipeline::runtime::{Handler, Service};
use pipeline::source_version::{SOURCE_UPLOAD, SOURCE_VERSION, SourceVersion, VersionError};

use crate::database::Database;
use crate::error::{DatabaseError, LoadError};
use crate::secret;
use crate::settings::{DatabaseSettings, Settings};
use crate::source::Source;
use crate::store::{Entry, Loaded, Outcome};

/// The function's name and steps, as its notices have them.
pub const FUNCTION: Function = Function {
    name: "load",
    steps: 3,
};

/// Loads the load files that S3 announces.
#[derive(Debug)]
pub struct Load {
    clients: Clients,
    database: Database,
}

/// The function, ready for invocations.
///
/// # Errors
/// [`Failure::Settings`] if the environment is incomplete.
pub fn service(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Service<Load>, Failure> {
    let settings = Settings::read(lookup)?;
    let clients = Clients::new(&settings.aws);
    let database = match settings.database {
        DatabaseSettings::Url(url) => Database::new(*url),
        DatabaseSettings::Secret(host) => {
            Database::behind_secret(host, secret::client(&settings.aws, &clients))
        }
    };
    Ok(Service {
        function: FUNCTION,
        publisher: Publisher::new(clients.sns.clone(), settings.topic),
        handler: Load { clients, database },
    })
}

impl Handler for Load {
    async fn created(
        &self,
        created: &Created,
        announcer: &mut Announcer<'_>,
    ) -> Result<(), Failure> {
        let s3 = &self.clients.s3;
        let Some(object) = object::open(s3, &created.bucket, &created.key).await? else {
            let reason = "The load file is gone: an earlier delivery of this event loaded it.";
            return announcer.skipped(reason).await;
        };
        if !object.is_of(created) {
            // Of which upload the load file of the event was made, nothing says any more.
            let reason = "A newer load file has the same key by now, and an event of its own.";
            return announcer.superseded(reason).await;
        }
        announcer.upload(upload(created, &object));
        let entry = Entry {
            bucket: created.bucket.to_string(),
            object_key: created.key.to_string(),
            identity: created
                .identity()
                .map_err(invalid_version)?
                .as_str()
                .to_owned(),
            etag: object.etag.to_string(),
            version: version(created, &object)?,
        };
        let mut step = Step::new("took the load file");
        if let Some(bytes) = object.size {
            step = step.detail(format!("It has {bytes} bytes."));
        }
        announcer.step(step).await?;

        let mut source = LoadFile {
            clients: &self.clients,
            created,
            object,
        };
        let loaded = self
            .database
            .load(&entry, &mut source)
            .await
            .map_err(failure)?;
        announcer
            .step(counted(rows_written(&loaded), &loaded))
            .await?;

        let deletion =
            object::delete_if_unchanged(s3, &created.bucket, &created.key, &created.etag).await?;
        match (deletion, loaded.outcome) {
            (Deletion::Gone | Deletion::Replaced, Outcome::Before) => {
                let reason = "An earlier delivery of this event loaded the file and deleted it.";
                announcer.skipped(reason).await
            }
            (Deletion::Deleted, Outcome::Now | Outcome::Before)
            | (Deletion::Gone, Outcome::Now) => {
                let step = Step::new("deleted the load file");
                announcer.step(counted(step, &loaded)).await
            }
            (Deletion::Replaced, Outcome::Now) => {
                let step = Step::new("loaded, and left a newer load file").detail(
                    "A newer load file has the same key by now. It stays: it has an event of its \
                     own.",
                );
                announcer.step(counted(step, &loaded)).await
            }
        }
    }
}

/// The version of the input that the load file was made from; for a load file that somebody put
/// there by hand, its own.
fn version(created: &Created, object: &Object) -> Result<SourceVersion, Failure> {
    match object.metadata.get(SOURCE_VERSION) {
        Some(version) => SourceVersion::parse(version).map_err(invalid_version),
        None => created
            .source_version(object.last_modified)
            .map_err(invalid_version),
    }
}

/// The upload of the input that the load file was made from; for a load file that somebody put there
/// by hand, its own.
fn upload<'a>(created: &'a Created, object: &'a Object) -> &'a str {
    match object.metadata.get(SOURCE_UPLOAD) {
        Some(upload) => upload,
        None => created.upload(),
    }
}

fn invalid_version(error: VersionError) -> Failure {
    let hint = "look at the load file's metadata `source-version`; `transform` writes it";
    Failure::own("InvalidSourceVersion", SourceVersionError(error), hint)
}

#[derive(Debug, thiserror::Error)]
#[error("the source version of the load file {0}")]
struct SourceVersionError(VersionError);

fn rows_written(loaded: &Loaded) -> Step {
    match loaded.outcome {
        Outcome::Now => {
            let step = Step::new("wrote the rows");
            match loaded.rows_superseded() {
                0 => step,
                rows => step.detail(format!(
                    "{rows} of them gave way: to a newer version in the database, or to a later \
                     row of the same file."
                )),
            }
        }
        Outcome::Before => Step::new("found the rows written").detail(
            "An earlier delivery of this event wrote them; the database was not changed again.",
        ),
    }
}

fn counted(step: Step, loaded: &Loaded) -> Step {
    step.count(Count::RowsRead, loaded.rows_read)
        .count(Count::RowsStored, loaded.rows_stored)
        .count(Count::RowsSuperseded, loaded.rows_superseded())
}

/// The load file of an event, read from S3.
struct LoadFile<'a> {
    clients: &'a Clients,
    created: &'a Created,
    object: Object,
}

impl Source for LoadFile<'_> {
    type Error = Failure;

    async fn next_chunk(&mut self) -> Result<Option<Bytes>, Failure> {
        Ok(self.object.next_chunk().await?)
    }

    async fn restart(&mut self) -> Result<(), Failure> {
        let Created { bucket, key, .. } = self.created;
        let object = object::open(&self.clients.s3, bucket, key).await?;
        match object.filter(|object| object.is_of(self.created)) {
            Some(object) => {
                self.object = object;
                Ok(())
            }
            None => Err(Failure::own(
                "LoadFileChanged",
                format!("{} changed while it was loaded", self.object.address()),
                "nothing is to be done: the next attempt finds what is there by then",
            )),
        }
    }
}

/// What Lambda is told.
fn failure(error: LoadError<Failure>) -> Failure {
    match error {
        LoadError::Source(failure) => failure,
        LoadError::File(error) => {
            let error = LoadError::<Failure>::File(error).to_string();
            let hint = "nothing of it was loaded; upload the input again, so that `transform` \
                        writes its load file anew";
            Failure::own("MalformedLoadFile", error, hint)
        }
        LoadError::Database(error) => {
            let (error_type, hint) = (DatabaseError::error_type(&error), error.hint());
            Failure::own(error_type, error, hint)
        }
    }
}
