//! `zipster logs`: what the functions of a running stack write.

use serde_json::json;
use std::time::Duration;
use zipster_emulator::clock::{Clock, SystemClock};
use zipster_targets::clients::{Access, Clients, keys};
use zipster_targets::function_logs::{FunctionLogLine, FunctionLogs};

use crate::args::LogsSettings;
use crate::exit::{Exit, Failure};
use crate::session::Session;
use crate::stage::find_project;
use crate::style::{QUIET, STRONG};
use crate::up::install;

/// How often new lines are looked for.
const LOOKS: Duration = Duration::from_millis(500);

/// Prints the lines, and with `--follow` those to come, until Ctrl-C.
///
/// # Errors
/// [`Failure`] if no stack is up, it has no such function, or its logs cannot be read.
pub async fn logs(settings: LogsSettings) -> Result<Exit, Failure> {
    let mut interrupt = install()?;
    let session = Session::find(&find_project()?).await.ok_or_else(|| {
        Failure::new(
            Exit::Unavailable,
            "no stack is up: `cargo zipster up` stands one up, in another terminal",
        )
    })?;
    let functions = chosen(&session, settings.function.as_deref())?;
    let clients = Clients::new(&Access {
        endpoint: Some(session.endpoint),
        region: session.region,
        credentials: keys(&session.access_key_id, &session.secret_access_key),
    });
    let now = SystemClock::real_time().now();
    let since = now - settings.since;
    let since_ms = since.unix_timestamp() * 1000;
    let mut logs = FunctionLogs::new(clients, functions, settings.filter, since_ms);
    let show = async {
        let mut looks = tokio::time::interval(LOOKS);
        loop {
            looks.tick().await;
            for line in logs.next().await? {
                print(&line, settings.json);
            }
            if !settings.follow {
                return Ok(Exit::Done);
            }
        }
    };
    tokio::select! {
        shown = show => shown,
        () = interrupt.wait() => Ok(Exit::Interrupted),
    }
}

/// The functions that are meant: all, or one by its name or by what it does.
fn chosen(session: &Session, wanted: Option<&str>) -> Result<Vec<String>, Failure> {
    let known = [
        ("transform", &session.transform_function),
        ("load", &session.load_function),
    ];
    let names: Vec<String> = known
        .iter()
        .filter(|(role, name)| wanted.is_none_or(|wanted| wanted == *role || wanted == *name))
        .map(|(_, name)| (*name).clone())
        .collect();
    match wanted {
        Some(wanted) if names.is_empty() => Err(Failure::new(
            Exit::Usage,
            format!(
                "there is no function {wanted}; there are {} and {}",
                session.transform_function, session.load_function
            ),
        )),
        Some(_) | None => Ok(names),
    }
}

fn print(line: &FunctionLogLine, as_json: bool) {
    let FunctionLogLine {
        at,
        function,
        stream,
        text,
    } = line;
    let at_ms = at.unix_timestamp_nanos() / 1_000_000;
    if as_json {
        let at_ms = i64::try_from(at_ms).unwrap_or_default();
        let line =
            json!({ "timestamp": at_ms, "function": function, "stream": stream, "message": text });
        anstream::println!("{line}");
        return;
    }
    let (hour, minute, second) = at.to_hms();
    let millisecond = at.millisecond();
    let (quiet, strong, reset) = (QUIET.render(), STRONG.render(), QUIET.render_reset());
    anstream::println!(
        "{quiet}{hour:02}:{minute:02}:{second:02}.{millisecond:03}{reset} {strong}{function}{reset} {text}"
    );
}
