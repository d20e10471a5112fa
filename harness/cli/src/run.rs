//! `zipster run FILE`: one file through the whole pipeline, watched.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::Serialize;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use zipster_emulator::journal::{Entry, Event, Outcome};
use zipster_targets::notices::Notice;
use zipster_targets::{Pipeline, TargetError, story};

use crate::args::RunSettings;
use crate::error_file;
use crate::exit::{Exit, Failure};
use crate::stage::Stage;
use crate::style::{ERROR, GOOD, QUIET, STRONG, thousands};
use crate::up;

/// The bytes that S3 allows a key.
const LONGEST_KEY: usize = 1024;

/// Stands everything up, sends the file, tells what became of it, and takes everything down.
///
/// # Errors
/// [`Failure`] if the file cannot be read, or the stack cannot be stood up or taken down.
pub async fn run(settings: RunSettings) -> Result<Exit, Failure> {
    let key = key_of(&settings)?;
    let mut interrupt = up::install()?;
    let Some(mut stage) = Stage::set_up(&settings.stage, &mut interrupt).await? else {
        return Ok(Exit::Interrupted);
    };
    let outcome = tokio::select! {
        outcome = send(&stage, &settings, &key) => Some(outcome),
        () = interrupt.wait() => None,
    };
    let result = match outcome {
        None => Ok(Exit::Interrupted),
        Some(Ok(outcome)) => {
            let exit = outcome.exit();
            match show(&outcome, &stage, settings.json) {
                Ok(()) if settings.keep => up::keep_up(&mut stage, settings.json, &mut interrupt)
                    .await
                    .map(|()| exit),
                Ok(()) => Ok(exit),
                Err(failure) => Err(failure),
            }
        }
        Some(Err(failure)) => Err(failure),
    };
    let down = stage.take_down().await;
    let exit = result?;
    down?;
    Ok(exit)
}

/// The object key, after a look at the file: better now than when everything is up.
fn key_of(settings: &RunSettings) -> Result<String, Failure> {
    let path = &settings.file;
    let unreadable = |reason: String| {
        Failure::new(
            Exit::Usage,
            format!("cannot read {}: {reason}", path.display()),
        )
    };
    let metadata = fs::metadata(path).map_err(|error| unreadable(error.to_string()))?;
    if !metadata.is_file() {
        return Err(unreadable("it is not a file".to_owned()));
    }
    fs::File::open(path).map_err(|error| unreadable(error.to_string()))?;
    match (&settings.key, path.file_name()) {
        (Some(key), _) if key.is_empty() || key.len() > LONGEST_KEY => Err(Failure::new(
            Exit::Usage,
            format!(
                "an object key has 1 to {LONGEST_KEY} bytes, not {}",
                key.len()
            ),
        )),
        (Some(key), _) => Ok(key.clone()),
        (None, Some(name)) => Ok(name.to_string_lossy().into_owned()),
        (None, None) => Err(unreadable("it has no name".to_owned())),
    }
}

/// What became of a file. `--json` prints it.
#[derive(Debug, Serialize)]
struct FileResult {
    file: String,
    key: String,
    /// `succeeded`, or `failed` for the reasons in `failures`.
    status: &'static str,
    rows_read: u64,
    rows_accepted: u64,
    rows_rejected: u64,
    errors: u64,
    rows_stored: u64,
    rows_superseded: u64,
    /// Rows of the table `zip_codes` now, the starting set included.
    zip_codes: u64,
    /// A copy on this machine; the original is in the error bucket.
    error_file: Option<PathBuf>,
    error_object: String,
    seconds: f64,
    /// What was said of failures, each thing once; in the journal if nothing could be announced.
    failures: Vec<String>,
    #[serde(skip)]
    story: String,
}

impl FileResult {
    fn exit(&self) -> Exit {
        if self.status == "succeeded" {
            Exit::Done
        } else {
            Exit::Failed
        }
    }
}

async fn send(stage: &Stage, settings: &RunSettings, key: &str) -> Result<FileResult, Failure> {
    let pipeline = &stage.pipeline;
    let entries = stage
        .emulator()
        .map(|emulator| emulator.journal().subscribe());
    let started = Instant::now();
    let outputs = pipeline.outputs();
    progress(
        started,
        &format!(
            "sending {} to s3://{}/{key}",
            settings.file.display(),
            outputs.input_bucket
        ),
    );
    tokio::select! {
        sent = put_and_settle(pipeline, &settings.file, key, started) => sent?,
        () = tell(entries, started) => {}
    }
    let seconds = started.elapsed().as_secs_f64();
    let notices = pipeline.new_notices().await?;
    let error_file = keep_copy(stage, key).await?;
    let told = stage.emulator().map(|emulator| {
        emulator
            .journal()
            .story(|event| story::concerns(event, key))
    });
    let transform = last(&notices, "transform");
    let load = last(&notices, "load");
    let number = |notice: Option<&Notice>, name: &str| {
        notice
            .and_then(|notice| notice.attribute(name).parse().ok())
            .unwrap_or(0)
    };
    let succeeded = |notice: Option<&Notice>| {
        notice.is_some_and(|notice| notice.attribute("status") == "succeeded")
    };
    Ok(FileResult {
        // JSON has no other bytes than UTF-8.
        file: settings.file.to_string_lossy().into_owned(),
        key: key.to_owned(),
        status: if succeeded(transform) && succeeded(load) {
            "succeeded"
        } else {
            "failed"
        },
        rows_read: number(transform, "rows_read"),
        rows_accepted: number(transform, "rows_accepted"),
        rows_rejected: number(transform, "rows_rejected"),
        errors: number(transform, "errors"),
        rows_stored: number(load, "rows_stored"),
        rows_superseded: number(load, "rows_superseded"),
        zip_codes: zipster_database::count_zip_codes(pipeline.database().pool()).await?,
        error_file,
        error_object: format!("s3://{}/{key}", outputs.error_bucket),
        seconds,
        failures: failures(&notices, told.as_deref().unwrap_or_default()),
        story: match told {
            Some(told) => story::tell(&told.into_iter().filter(worth_telling).collect::<Vec<_>>()),
            None => pipeline.story(Some(key)),
        },
    })
}

/// What the functions announced of failures, without the repetitions of retries; what the journal
/// knows of them if the functions could not say anything.
fn failures(notices: &[Notice], told: &[Entry]) -> Vec<String> {
    let mut failures: Vec<String> = Vec::new();
    let announced = notices
        .iter()
        .filter(|notice| notice.attribute("status") == "failed")
        .map(|notice| notice.body.trim_end().to_owned());
    for failure in announced {
        if !failures.contains(&failure) {
            failures.push(failure);
        }
    }
    if failures.is_empty() {
        for entry in told {
            let failure = if let Event::InvocationEnded {
                function, outcome, ..
            } = &entry.event
            {
                let name = function.rsplit(':').next().unwrap_or(function);
                (*outcome != Outcome::Succeeded).then(|| format!("{name} {outcome}"))
            } else {
                matches!(entry.event, Event::DeliveryFailed { .. }).then(|| entry.event.to_string())
            };
            failures.extend(failure.filter(|failure| !failures.contains(failure)));
        }
    }
    failures
}

/// Whether an event of a failed file's story is shown: the functions' own logs repeat in JSON what
/// the announcements say in words, unless something else than the function wrote them.
fn worth_telling(entry: &Entry) -> bool {
    if let Event::LogLine { line, .. } = &entry.event {
        let of_the_platform = ["START ", "END ", "REPORT "]
            .iter()
            .any(|start| line.starts_with(start));
        return !of_the_platform && !line.starts_with('{');
    }
    !matches!(entry.event, Event::MessageFiltered { .. })
}

async fn put_and_settle(
    pipeline: &Pipeline,
    file: &Path,
    key: &str,
    started: Instant,
) -> Result<(), TargetError> {
    pipeline.put_input_file(key, file).await?;
    pipeline
        .settled_telling(|notice| {
            progress(started, notice.subject.trim_start_matches("[zipster] "));
        })
        .await
}

/// The last word of a function: the end of its steps, or a failure.
fn last<'a>(notices: &'a [Notice], function: &str) -> Option<&'a Notice> {
    notices
        .iter()
        .filter(|notice| notice.attribute("function") == function)
        .filter(|notice| ["succeeded", "failed"].contains(&notice.attribute("status")))
        .max_by_key(|notice| notice.attribute("status") == "succeeded")
}

/// A copy of the error file that outlives the stack, if there is one.
async fn keep_copy(stage: &Stage, key: &str) -> Result<Option<PathBuf>, Failure> {
    let folder = stage.project.scratch().join("errors");
    fs::create_dir_all(&folder).map_err(|error| {
        Failure::new(
            Exit::Unavailable,
            format!("cannot make the folder {}: {error}", folder.display()),
        )
    })?;
    let path = folder.join(error_file::name(key));
    let bucket = &stage.pipeline.outputs().error_bucket;
    let found = stage.pipeline.save_object(bucket, key, &path).await?;
    Ok(found.then_some(path))
}

/// Tells the steps as they are announced, and what goes wrong between them. Never returns while
/// the emulator runs, or where there is none.
async fn tell(entries: Option<Receiver<Entry>>, started: Instant) {
    let Some(mut entries) = entries else {
        return std::future::pending().await;
    };
    loop {
        match entries.recv().await {
            Ok(entry) => match &entry.event {
                Event::MessagePublished {
                    subject: Some(subject),
                    ..
                } => progress(started, subject.trim_start_matches("[zipster] ")),
                Event::InvocationEnded {
                    outcome: Outcome::Succeeded,
                    ..
                } => {}
                Event::InvocationEnded { .. }
                | Event::RetryScheduled { .. }
                | Event::DeliveryFailed { .. }
                | Event::DeliveryRetried { .. }
                | Event::Decision { allowed: false, .. }
                | Event::Fault { .. } => progress(started, &entry.event.to_string()),
                Event::ApiCall { .. }
                | Event::ApiAnswer { .. }
                | Event::Decision { .. }
                | Event::BucketNotification { .. }
                | Event::Delivered { .. }
                | Event::MessagePublished { .. }
                | Event::MessageFiltered { .. }
                | Event::InboxReceived { .. }
                | Event::MessageQueued { .. }
                | Event::MessageDeduplicated { .. }
                | Event::BatchReceived { .. }
                | Event::PollingFailed { .. }
                | Event::InvocationQueued { .. }
                | Event::EnvironmentStarted { .. }
                | Event::EnvironmentEnded { .. }
                | Event::InvocationStarted { .. }
                | Event::Guarantee { .. }
                | Event::LogLine { .. } => {}
            },
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return std::future::pending().await,
        }
    }
}

fn progress(started: Instant, text: &str) {
    let (quiet, reset) = (QUIET.render(), QUIET.render_reset());
    let seconds = started.elapsed().as_secs_f64();
    anstream::eprintln!("{quiet}{seconds:7.2} s{reset}  {text}");
}

fn show(result: &FileResult, stage: &Stage, json: bool) -> Result<(), Failure> {
    if json {
        let line = serde_json::to_string(result)
            .map_err(|error| Failure::new(Exit::Unavailable, error.to_string()))?;
        anstream::println!("{line}");
        return Ok(());
    }
    let (strong, good, bad, quiet) = (
        STRONG.render(),
        GOOD.render(),
        ERROR.render(),
        QUIET.render(),
    );
    let reset = STRONG.render_reset();
    if result.status == "succeeded" {
        anstream::println!(
            "\n{good}done{reset} {} in {:.2} s",
            result.key,
            result.seconds
        );
    } else {
        anstream::println!("\n{bad}failed{reset} {}", result.key);
        for failure in &result.failures {
            anstream::println!("  {}", failure.replace('\n', "\n  "));
        }
        anstream::println!(
            "\n{quiet}What happened:\n{}{reset}",
            result.story.trim_end()
        );
    }
    anstream::println!(
        "{strong}rows{reset}        {} read = {} accepted + {} rejected",
        thousands(result.rows_read),
        thousands(result.rows_accepted),
        thousands(result.rows_rejected)
    );
    show_error_file(result, &stage.project.root().join(""));
    anstream::println!(
        "{strong}database{reset}    {} of them stored, {} superseded by newer rows; zip_codes holds {} rows",
        thousands(result.rows_stored),
        thousands(result.rows_superseded),
        thousands(result.zip_codes)
    );
    Ok(())
}

fn show_error_file(result: &FileResult, root: &Path) {
    let (strong, quiet, reset) = (STRONG.render(), QUIET.render(), STRONG.render_reset());
    let Some(path) = &result.error_file else {
        anstream::println!("{strong}error file{reset}  none was written");
        return;
    };
    let shown = path.strip_prefix(root).unwrap_or(path);
    anstream::println!(
        "{strong}error file{reset}  {} messages about rows, in {} ({})",
        thousands(result.errors),
        shown.display(),
        result.error_object
    );
    match error_file::beginning(path) {
        Ok((lines, more)) => {
            for line in lines {
                anstream::println!("  {line}");
            }
            if more > 0 {
                anstream::println!("  {quiet}... and {} more lines{reset}", thousands(more));
            }
        }
        Err(error) => anstream::println!("  (cannot be shown: {error})"),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use zipster_emulator::clock::SystemClock;
    use zipster_emulator::journal::Journal;

    use super::*;

    fn announced(body: &str) -> Notice {
        Notice {
            topic: "arn:aws:sns:r:1:zipster-transform".to_owned(),
            subject: String::new(),
            body: body.to_owned(),
            attributes: [("status".to_owned(), "failed".to_owned())].into(),
        }
    }

    fn ended(outcome: Outcome) -> Event {
        Event::InvocationEnded {
            function: "arn:aws:lambda:r:1:function:transform".to_owned(),
            request_id: "r".to_owned(),
            outcome,
            duration_ms: 1,
        }
    }

    fn logged(line: &str) -> Event {
        Event::LogLine {
            function: "transform".to_owned(),
            log_stream: "s".to_owned(),
            line: line.to_owned(),
        }
    }

    fn written(events: impl IntoIterator<Item = Event>) -> Vec<Entry> {
        let journal = Journal::new(Arc::new(SystemClock::real_time()));
        for event in events {
            journal.record(None, event);
        }
        journal.snapshot()
    }

    #[test]
    fn a_failure_is_said_once_and_never_left_out() {
        let told = written([
            ended(Outcome::TimedOut),
            ended(Outcome::TimedOut),
            ended(Outcome::Succeeded),
            Event::DeliveryFailed {
                destination: "load".to_owned(),
                reason: "not allowed".to_owned(),
            },
        ]);
        let notices = [
            announced("Step 2\n"),
            announced("Step 2"),
            announced("Step 3"),
        ];
        assert_eq!(failures(&notices, &told), ["Step 2", "Step 3"]);
        // A function that may not announce anything fails all the same.
        assert_eq!(
            failures(&[], &told),
            [
                "transform timed out and was killed",
                "NOT delivered to load: not allowed"
            ]
        );
    }

    #[test]
    fn a_story_has_what_no_announcement_says() {
        let told = written([
            logged("START RequestId: r Version: $LATEST"),
            logged(r#"{"level":"INFO","message":"took the object"}"#),
            logged("thread 'main' panicked at src/main.rs:1:1"),
            ended(Outcome::TimedOut),
        ]);
        let worth: Vec<bool> = told.iter().map(worth_telling).collect();
        assert_eq!(worth, [false, false, true, true]);
    }
}
