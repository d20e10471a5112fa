//! `zipster parity`: the scenarios on two targets, and what a user sees different.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use zipster_parity::{Comparison, Difference, Known, Observations, compare, side_by_side};

use crate::args::{ParitySettings, Target, TestSettings};
use crate::exit::{Exit, Failure};
use crate::interrupt::Interrupt;
use crate::stage::find_project;
use crate::style::{ERROR, GOOD, QUIET, STRONG};
use crate::{test, up};

/// The width of a terminal that does not say.
const WIDTH: usize = 120;

/// Runs the scenarios on both targets, one after the other, and compares.
///
/// # Errors
/// [`Failure`] if a target cannot be had, or a file cannot be read or written.
pub async fn parity(settings: ParitySettings) -> Result<Exit, Failure> {
    let project = find_project()?;
    let mut interrupt = up::install()?;
    let known = match settings.known.is_absolute() {
        true => settings.known.clone(),
        false => project.root().join(&settings.known),
    };
    let known = Known::read(&known).map_err(unreadable)?;
    let scratch = tempfile::tempdir().map_err(|error| {
        Failure::new(
            Exit::Unavailable,
            format!("cannot make a temporary folder: {error}"),
        )
    })?;
    let folder: &Path = match (&settings.kept, &settings.keep) {
        (Some(kept), _) => kept,
        (None, Some(keep)) => {
            std::fs::create_dir_all(keep).map_err(|error| {
                Failure::new(
                    Exit::Usage,
                    format!("cannot make the folder {}: {error}", keep.display()),
                )
            })?;
            keep
        }
        (None, None) => scratch.path(),
    };
    let mut runs = Vec::new();
    for target in [settings.left, settings.right] {
        let path = folder.join(format!("{}.json", word(target)));
        if settings.kept.is_none() {
            match observe(&settings, target, &path, &mut interrupt).await? {
                Exit::Done | Exit::Failed => {}
                end @ (Exit::Usage
                | Exit::StackUnreadable
                | Exit::Unavailable
                | Exit::Interrupted) => return Ok(end),
            }
        }
        runs.push(Observations::read(&path).map_err(unreadable)?);
    }
    let comparison = compare(&runs[0], &runs[1], &known);
    show(&comparison, settings.json)?;
    if comparison.scenarios == 0 {
        return Err(Failure::new(
            Exit::Failed,
            "no scenario was seen on both targets, so nothing was compared",
        ));
    }
    Ok(match comparison.unexplained.is_empty() {
        true => Exit::Done,
        false => Exit::Failed,
    })
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "for map_err, which gives the error away"
)]
fn unreadable(error: zipster_parity::ReadError) -> Failure {
    let cause = std::error::Error::source(&error).map(ToString::to_string);
    let cause = cause.unwrap_or_default();
    Failure::new(Exit::Usage, format!("{error}: {cause}"))
}

/// Runs the scenarios on one target. What a scenario says is beside the point here: what was seen
/// is compared, failed or not.
async fn observe(
    settings: &ParitySettings,
    target: Target,
    path: &Path,
    interrupt: &mut Interrupt,
) -> Result<Exit, Failure> {
    let (quiet, reset) = (QUIET.render(), QUIET.render_reset());
    anstream::eprintln!("{quiet}parity: the scenarios on {}{reset}", word(target));
    let test_settings = TestSettings {
        target,
        outputs: settings.outputs.clone(),
        database_url: std::env::var("DATABASE_URL").ok(),
        services: settings.services.clone(),
        packaged: settings.packaged,
        junit: None,
        rest: Vec::new(),
    };
    let variables = [("ZIPSTER_OBSERVATIONS", path.as_os_str())];
    test::run(&test_settings, &variables, Stdio::null(), interrupt).await
}

fn word(target: Target) -> &'static str {
    match target {
        Target::Embedded => "embedded",
        Target::LocalStack => "localstack",
        Target::Aws => "aws",
    }
}

fn show(comparison: &Comparison, json: bool) -> Result<(), Failure> {
    if json {
        let line = serde_json::to_string(comparison)
            .map_err(|error| Failure::new(Exit::Unavailable, error.to_string()))?;
        anstream::println!("{line}");
        return Ok(());
    }
    let [left, right] = &comparison.targets;
    let (strong, quiet, reset) = (STRONG.render(), QUIET.render(), STRONG.render_reset());
    if !comparison.not_compared.is_empty() {
        anstream::println!("{strong}Not compared{reset}");
        for (scenario, reason) in &comparison.not_compared {
            anstream::println!("  {scenario}: {reason}");
        }
    }
    if !comparison.explained.is_empty() {
        anstream::println!("{strong}Known differences{reset}");
        for explained in &comparison.explained {
            let known = &explained.known;
            anstream::println!(
                "  {} x  {} (as AWS: {})",
                explained.seen.len(),
                known.reason,
                known.as_aws
            );
        }
    }
    for known in &comparison.not_seen {
        anstream::println!(
            "{quiet}Known, but not seen: {} / {}{reset}",
            known.scenario,
            known.fact
        );
    }
    for difference in &comparison.unexplained {
        show_difference(difference, left, right);
    }
    for times in &comparison.times {
        let seconds = |ms: u64| Duration::from_millis(ms).as_secs_f64();
        anstream::println!(
            "{quiet}{}: ready after {:.1} s, {} scenarios in {:.1} s{reset}",
            times.target,
            seconds(times.start_ms),
            times.scenarios,
            seconds(times.scenarios_ms)
        );
    }
    let colour = match comparison.unexplained.is_empty() {
        true => GOOD.render(),
        false => ERROR.render(),
    };
    let explained: usize = comparison
        .explained
        .iter()
        .map(|explained| explained.seen.len())
        .sum();
    anstream::println!(
        "{colour}{left} and {right}{reset}: {} scenarios on both, {} facts the same, {explained} \
         known differences, {} unexplained",
        comparison.scenarios,
        comparison.same,
        comparison.unexplained.len()
    );
    Ok(())
}

fn show_difference(difference: &Difference, left: &str, right: &str) {
    let (error, quiet, reset) = (ERROR.render(), QUIET.render(), ERROR.render_reset());
    let columns = std::env::var("COLUMNS")
        .ok()
        .and_then(|columns| columns.parse().ok())
        .unwrap_or(WIDTH);
    let width = columns.saturating_sub(7) / 2;
    anstream::println!(
        "\n{error}{}{reset}\n  {}",
        difference.fact,
        difference.scenario
    );
    anstream::println!("  {quiet}{left:<width$}   {right}{reset}");
    let texts = [&difference.left, &difference.right].map(Option::as_deref);
    for row in side_by_side(texts[0], texts[1], width) {
        anstream::println!("  {row}");
    }
}
