//! `zipster up`: the stack stays, and what happens in it is shown as it happens.

use std::path::Path;

use tokio::sync::broadcast::error::RecvError;
use zipster_emulator::Emulator;
use zipster_emulator::journal::{Entry, Event};
use zipster_targets::LocalStack;

use crate::args::UpSettings;
use crate::exit::{Exit, Failure};
use crate::interrupt::Interrupt;
use crate::session::{Session, SessionFile};
use crate::stage::Stage;
use crate::style::{QUIET, STRONG};
use crate::watch::Watch;

/// Stands everything up and shows the log until Ctrl-C.
///
/// # Errors
/// [`Failure`] if it cannot be stood up or taken down.
pub async fn up(settings: UpSettings) -> Result<Exit, Failure> {
    let mut interrupt = install()?;
    let Some(mut stage) = Stage::set_up(&settings.stage, &mut interrupt).await? else {
        return Ok(Exit::Interrupted);
    };
    let result = match write_outputs(&stage, settings.outputs.as_deref()) {
        Ok(()) => keep_up(&mut stage, settings.json, &mut interrupt).await,
        Err(failure) => Err(failure),
    };
    let down = stage.take_down().await;
    result?;
    down?;
    Ok(Exit::Interrupted)
}

/// Writes the stack's outputs as terraform prints them, for `test --target aws`.
fn write_outputs(stage: &Stage, path: Option<&Path>) -> Result<(), Failure> {
    let Some(path) = path else { return Ok(()) };
    let outputs = stage.pipeline.outputs().to_json();
    std::fs::write(path, outputs).map_err(|error| {
        Failure::new(
            Exit::Usage,
            format!("cannot write {}: {error}", path.display()),
        )
    })
}

/// Tells how to reach the stack, then what happens in it, until Ctrl-C.
///
/// # Errors
/// [`Failure`] if the session cannot be written down.
pub async fn keep_up(
    stage: &mut Stage,
    json: bool,
    interrupt: &mut Interrupt,
) -> Result<(), Failure> {
    let session = Session::of(stage);
    let mut file = write_session(stage, &session)?;
    if json {
        let line = serde_json::to_string(&session)
            .map_err(|error| Failure::new(Exit::Unavailable, error.to_string()))?;
        anstream::println!("{line}");
    } else {
        introduce(&session, stage);
    }
    let mut watch = Watch::begin(&stage.project);
    loop {
        tokio::select! {
            shown = show_log(stage) => {
                shown?;
                break;
            }
            () = interrupt.wait() => break,
            () = watch.changed(), if stage.can_refresh() => {}
        }
        // A matter of milliseconds, so it is not interrupted half-way.
        if refresh(stage).await {
            drop(file);
            let session = Session::of(stage);
            file = write_session(stage, &session)?;
        }
    }
    anstream::eprintln!("stopping");
    drop(file);
    Ok(())
}

fn write_session(stage: &Stage, session: &Session) -> Result<SessionFile, Failure> {
    SessionFile::write(&stage.project, session).map_err(|error| {
        Failure::new(
            Exit::Unavailable,
            format!("cannot write the session file: {error}"),
        )
    })
}

/// Makes the stack what `terraform/` says now, and tells what that took. What is wrong with it is
/// told as well, and the stack stays up.
async fn refresh(stage: &mut Stage) -> bool {
    match stage.refresh().await {
        Ok(difference) if difference.is_empty() => {
            anstream::eprintln!("terraform/ was saved; the stack is as it says");
            true
        }
        Ok(difference) => {
            anstream::eprintln!("terraform/ has changed; the stack is now as it says:");
            let changed = difference
                .changed
                .iter()
                .filter(|address| !difference.replaced.contains(address));
            let rows = [
                ("+", "added", difference.added.iter().collect::<Vec<_>>()),
                ("~", "changed", changed.collect()),
                ("-/+", "replaced", difference.replaced.iter().collect()),
                ("-", "removed", difference.removed.iter().collect()),
            ];
            for (sign, word, addresses) in rows {
                for address in addresses {
                    anstream::eprintln!("  {sign:<3} {word:<8} {address}");
                }
            }
            true
        }
        Err(error) => {
            anstream::eprintln!("terraform/ has changed, and cannot be applied:");
            anstream::eprintln!("{}", Failure::from(error).text());
            anstream::eprintln!("The stack stays up; it is tried again when a file changes.");
            false
        }
    }
}

/// Takes over the signals.
///
/// # Errors
/// [`Failure`] if the system does not let us.
pub fn install() -> Result<Interrupt, Failure> {
    Interrupt::install().map_err(|error| {
        Failure::new(
            Exit::Unavailable,
            format!("cannot take over the signals: {error}"),
        )
    })
}

fn introduce(session: &Session, stage: &Stage) {
    let (strong, reset) = (STRONG.render(), STRONG.render_reset());
    anstream::println!("{strong}The stack is up.{reset} For any AWS client:\n");
    anstream::println!("  export AWS_ENDPOINT_URL={}", session.endpoint);
    anstream::println!("  export AWS_REGION={}", session.region);
    anstream::println!("  export AWS_ACCESS_KEY_ID={}", session.access_key_id);
    anstream::println!(
        "  export AWS_SECRET_ACCESS_KEY={}",
        session.secret_access_key
    );
    // Live tail has a host of its own on AWS.
    anstream::println!("  export AWS_DISABLE_HOST_PREFIX_INJECTION=true\n");
    let rows = [
        ("put files into", format!("s3://{}", session.input_bucket)),
        ("error files", format!("s3://{}", session.error_bucket)),
        ("load files", format!("s3://{}", session.load_bucket)),
        (
            "functions",
            format!("{}, {}", session.transform_function, session.load_function),
        ),
        ("database", session.database_url.clone()),
    ];
    for (name, value) in rows {
        anstream::println!("  {name:<15} {value}");
    }
    if let Some(emulator) = stage.emulator() {
        anstream::println!("  {:<15} {}/_zipster/inbox", "inbox", session.endpoint);
        let resources = stage
            .pipeline
            .stack()
            .map_or(0, |stack| stack.resources.len());
        anstream::println!(
            "\n{resources} resources from terraform/; what changes there is applied. Ctrl-C takes everything down.\n"
        );
        for line in emulator.guarantees().lines() {
            anstream::println!("  {line}");
        }
    } else if let Some(services) = stage.services() {
        for lack in services.lacks() {
            anstream::println!("  {:<15} {lack}", "does without");
        }
        let end = match services.is_lasting() {
            true => "Ctrl-C leaves it there; `docker compose down` removes it",
            false => "Ctrl-C takes everything down",
        };
        anstream::println!(
            "\nPackages in target/lambda are uploaded again when they change. {end}.\n"
        );
    }
    anstream::println!();
}

/// Shows what happens, until something fails: what the emulator sees, or what is announced.
async fn show_log(stage: &Stage) -> Result<(), Failure> {
    match (stage.emulator(), stage.services()) {
        (Some(emulator), _) => {
            show_journal(emulator).await;
            Ok(())
        }
        (None, Some(services)) => show_notices(stage, services).await,
        (None, None) => Ok(()),
    }
}

/// Shows what is announced, and gives functions their new code when there is some.
async fn show_notices(stage: &Stage, services: &LocalStack) -> Result<(), Failure> {
    loop {
        for notice in stage.pipeline.next_notices().await? {
            anstream::eprintln!("{}", notice.subject);
            if notice.attribute("status") == "failed" {
                for line in notice.body.lines() {
                    anstream::eprintln!("  {line}");
                }
            }
        }
        match services.refresh().await {
            Ok(refreshed) => {
                for function in refreshed {
                    anstream::eprintln!("{function} runs its new code");
                }
            }
            // Somebody is at work there: it is tried again in a moment.
            Err(error) => anstream::eprintln!("a package was not uploaded: {error}"),
        }
    }
}

async fn show_journal(emulator: &Emulator) {
    let mut entries = emulator.journal().subscribe();
    loop {
        match entries.recv().await {
            Ok(entry) => show(&entry),
            Err(RecvError::Lagged(missed)) => {
                anstream::eprintln!("({missed} events came too fast to be shown)");
            }
            Err(RecvError::Closed) => return,
        }
    }
}

/// One line an event; what was allowed goes without saying.
fn show(entry: &Entry) {
    if matches!(entry.event, Event::Decision { allowed: true, .. }) {
        return;
    }
    let (hour, minute, second) = entry.at.to_hms();
    let millisecond = entry.at.millisecond();
    let (quiet, reset) = (QUIET.render(), QUIET.render_reset());
    anstream::eprintln!(
        "{quiet}{hour:02}:{minute:02}:{second:02}.{millisecond:03}{reset} {}",
        entry.event
    );
}
