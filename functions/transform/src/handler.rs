//! One extract that arrived in the input bucket.
//!
//! The input is deleted last, once both outputs are durable: at no moment does the only copy of a
//! row live in a running function. Until then every step can be done again. What was written then
//! replaces what was written before, under the same key, and is the same.

use pipeline::call::CallError;
use pipeline::clients::Clients;
use pipeline::event::Created;
use pipeline::failure::Failure;
use pipeline::names::BucketName;
use pipeline::notice::{Announcer, Count, Function, Step};
use pipeline::object::{Deletion, Object, ObjectWriter, delete_if_unchanged, open};
use pipeline::runtime::Handler;
use pipeline::source_version::metadata;
use zipcodes::{Counts, InputError, Outputs, Transform};

/// The function as its notices name it.
pub const FUNCTION: Function = Function {
    name: "transform",
    steps: 5,
};

/// Capacity that an output keeps from one chunk to the next. A single row may need much more, but
/// only for as long as it takes to send it off.
const KEPT_CAPACITY: usize = 1 << 20;

const GONE: &str = "There is nothing under this key any more: an earlier delivery of the event \
                    dealt with it, or somebody deleted it.";
const REPLACED: &str = "A newer upload has taken the place of this one. It has an event of its own, \
                        which deals with it.";

/// Transforms extracts.
#[derive(Debug)]
pub struct Transformer {
    /// How S3 is reached.
    pub clients: Clients,
    /// Where load files go, under the key of their input.
    pub load_bucket: BucketName,
    /// Where error files go, under the key of their input.
    pub error_bucket: BucketName,
}

impl Handler for Transformer {
    async fn created(
        &self,
        created: &Created,
        announcer: &mut Announcer<'_>,
    ) -> Result<(), Failure> {
        announcer.upload(created.upload());
        let mut object = match self.find(created).await? {
            Found::Same(object) => object,
            Found::Nothing => return announcer.skipped(GONE).await,
            Found::Newer => return announcer.superseded(REPLACED).await,
        };
        let mut writers = self.writers(created, &object)?;
        announcer.step(taken(&object)).await?;

        let counts = match transform(&mut object, &mut writers).await {
            Ok(counts) => counts,
            Err(Stop::Call(error)) => return Err(writers.abort_after(error.into()).await),
            Err(Stop::Input(error)) => return Err(self.explain(created, writers, error).await),
        };
        drop(object);
        if let Err(failure) = announcer.step(normalised(counts)).await {
            return Err(writers.abort_after(failure).await);
        }

        // Writing is about to become visible. Had a newer upload been dealt with meanwhile, an
        // older load file must not take the place of its load file.
        match self.find(created).await {
            Ok(Found::Same(_)) => {}
            Ok(Found::Nothing) => {
                writers.abort("the input is gone").await;
                return announcer.skipped(GONE).await;
            }
            Ok(Found::Newer) => {
                writers.abort("a newer upload took the input's place").await;
                return announcer.superseded(REPLACED).await;
            }
            Err(failure) => return Err(writers.abort_after(failure).await),
        }

        let Writers { load, errors } = writers;
        let written = async {
            load.finish().await?;
            announcer.step(counted("wrote the load file", counts)).await
        };
        if let Err(failure) = written.await {
            errors.abort_after(&failure).await;
            return Err(failure);
        }

        errors.finish().await?;
        announcer
            .step(counted("wrote the error file", counts))
            .await?;

        let s3 = &self.clients.s3;
        let deletion = delete_if_unchanged(s3, &created.bucket, &created.key, &created.etag);
        let step = match deletion.await? {
            Deletion::Deleted => counted("deleted the input", counts),
            Deletion::Gone => counted("found the input deleted", counts),
            Deletion::Replaced => counted("left a newer input in place", counts).detail(REPLACED),
        };
        announcer.step(step).await
    }
}

/// What lies under the key of an event.
enum Found {
    /// What the event announced.
    Same(Box<Object>),
    /// Nothing.
    Nothing,
    /// Something newer.
    Newer,
}

impl Transformer {
    async fn find(&self, created: &Created) -> Result<Found, Failure> {
        let found = open(&self.clients.s3, &created.bucket, &created.key).await?;
        Ok(match found {
            Some(object) if object.is_of(created) => Found::Same(Box::new(object)),
            Some(_) => Found::Newer,
            None => Found::Nothing,
        })
    }

    fn writers(&self, created: &Created, object: &Object) -> Result<Writers, Failure> {
        let version = created
            .source_version(object.last_modified)
            .map_err(|error| {
                let what = format!("the time of {} {error}", object.address());
                Failure::own(
                    "InvalidTime",
                    what,
                    "check the clock of the storage service",
                )
            })?;
        let writer = |bucket, content_type| {
            let metadata = metadata(created, &version);
            ObjectWriter::new(
                &self.clients.s3,
                bucket,
                &created.key,
                content_type,
                metadata,
            )
        };
        Ok(Writers {
            load: writer(&self.load_bucket, "text/csv"),
            errors: writer(&self.error_bucket, "text/plain; charset=utf-8"),
        })
    }

    /// Ends with an input that cannot be transformed: the error file says why, after the rows
    /// rejected so far, and the input stays for whoever corrects it.
    async fn explain(&self, created: &Created, writers: Writers, error: InputError) -> Failure {
        let Writers { load, mut errors } = writers;
        load.abort_after(&error).await;
        let address = format!("s3://{}/{}", self.error_bucket, created.key);
        let explained = match errors.write(explanation(&error).as_bytes()).await {
            Ok(()) => errors.finish().await.map(drop),
            Err(call) => {
                errors.abort_after(&call).await;
                Err(call)
            }
        };
        let hint = match explained {
            Ok(()) => format!("correct the file and upload it again; {address} says the same"),
            Err(call) => {
                // The input's fault is what has to be reported; this one is only in the way.
                tracing::error!(error = %call, "the error file could not be written");
                format!("correct the file and upload it again ({address} could not be written)")
            }
        };
        Failure::own(error.kind(), error, hint)
    }
}

/// The last line of the error file of an input that cannot be transformed.
fn explanation(error: &InputError) -> String {
    format!("No row of this file was loaded: {error}\n")
}

/// The two outputs while they are written.
struct Writers {
    load: ObjectWriter,
    errors: ObjectWriter,
}

impl Writers {
    async fn write(&mut self, out: &mut Outputs) -> Result<(), CallError> {
        self.load.write(&out.load).await?;
        self.errors.write(&out.errors).await?;
        for output in [&mut out.load, &mut out.errors] {
            output.clear();
            output.shrink_to(KEPT_CAPACITY);
        }
        Ok(())
    }

    /// Nothing is written, because of `failure`, which is handed back.
    async fn abort_after(self, failure: Failure) -> Failure {
        self.load.abort_after(&failure).await;
        self.errors.abort_after(&failure).await;
        failure
    }

    /// Nothing is written, for a good reason.
    async fn abort(self, reason: &'static str) {
        for writer in [self.load, self.errors] {
            if let Err(error) = writer.abort().await {
                tracing::error!(%error, reason, "parts of an unfinished object stay behind");
            }
        }
    }
}

/// Why reading ended before the end of the input.
enum Stop {
    Call(CallError),
    Input(InputError),
}

impl From<CallError> for Stop {
    fn from(error: CallError) -> Self {
        Stop::Call(error)
    }
}

impl From<InputError> for Stop {
    fn from(error: InputError) -> Self {
        Stop::Input(error)
    }
}

async fn transform(object: &mut Object, writers: &mut Writers) -> Result<Counts, Stop> {
    let mut transform = Transform::new();
    let mut out = Outputs::default();
    while let Some(chunk) = object.next_chunk().await? {
        let pushed = transform.push(&chunk, &mut out);
        writers.write(&mut out).await?;
        pushed?;
    }
    let finished = transform.finish(&mut out);
    writers.write(&mut out).await?;
    Ok(finished?)
}

fn taken(object: &Object) -> Step {
    let size = object
        .size
        .map_or_else(String::new, |size| format!(" of {size} bytes"));
    Step::new("took the object").detail(format!("Reading {}{size}.", object.address()))
}

fn normalised(counts: Counts) -> Step {
    let step = counted("validated and normalised", counts);
    match counts.rejected {
        0 => step.detail("All rows were accepted."),
        1 => step.detail("One row was rejected; the error file will say why."),
        n => step.detail(format!(
            "{n} rows were rejected; the error file will say why."
        )),
    }
}

fn counted(headline: &str, counts: Counts) -> Step {
    Step::new(headline)
        .count(Count::RowsRead, counts.rows_read)
        .count(Count::RowsAccepted, counts.accepted)
        .count(Count::RowsRejected, counts.rejected)
        .count(Count::Errors, counts.errors)
}

#[cfg(test)]
mod tests;
