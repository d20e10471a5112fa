//! `zipster policy`: what the functions needed to be allowed, beside what Terraform allows them.
//!
//! The scenarios' program writes the calls into a file, which is compared with the stack as
//! `terraform/` has it: the comparison itself is the crate `zipster_policy`.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use zipster_emulator::iam::provided_policy;
use zipster_policy::{Findings, Grants, Names, Recording, compare};
use zipster_stack::Stack;
use zipster_targets::Project;
use zipster_targets::plan::{self, VariableOption};

use crate::args::{PolicySettings, Target, TestSettings};
use crate::exit::{Exit, Failure};
use crate::interrupt::Interrupt;
use crate::stage::find_project;
use crate::style::QUIET;
use crate::{test, up};

mod show;

/// Runs the scenarios, or reads what was recorded, and shows what was needed and what is granted.
///
/// # Errors
/// [`Failure`] if the stack or the recording cannot be read, or the scenarios cannot be run.
pub async fn policy(settings: PolicySettings) -> Result<Exit, Failure> {
    let project = project(&settings)?;
    // Its mistakes come first, before anything runs.
    let stack = stack(&project, &settings)?;
    let grants = Grants::of(&stack, |arn| provided_policy(arn).map(str::to_owned))
        .map_err(|error| Failure::new(Exit::StackUnreadable, error.to_string()))?;
    if let Some(function) = &settings.function {
        check_function(function, &stack)?;
    }
    let recording = match &settings.from {
        Some(file) => read(file)?,
        None => match run(&project, &settings).await? {
            Ok(recording) => recording,
            Err(end) => return Ok(end),
        },
    };
    if recording.scenarios.is_empty() {
        return Err(Failure::new(
            Exit::Failed,
            "no scenario ran, so nothing is known of what is needed",
        ));
    }
    let mut findings = compare(&recording, &grants, &Names::of(&stack));
    if let Some(function) = &settings.function {
        only(&mut findings, function);
    }
    if settings.json {
        anstream::println!("{}", show::json(&findings));
    } else {
        show::text(&findings);
    }
    Ok(match findings.is_covered() && findings.failed.is_empty() {
        true => Exit::Done,
        false => Exit::Failed,
    })
}

fn project(settings: &PolicySettings) -> Result<Project, Failure> {
    let project = find_project()?;
    let Some(folder) = &settings.terraform else {
        return Ok(project);
    };
    let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.clone());
    Ok(project.with_terraform(&folder)?)
}

fn stack(project: &Project, settings: &PolicySettings) -> Result<Stack, Failure> {
    let value = |(name, text): &(String, String)| VariableOption::Value(name.clone(), text.clone());
    let options: Vec<VariableOption> = settings.variables.iter().map(value).collect();
    Ok(plan::of_scenarios(project, &options)?)
}

fn check_function(name: &str, stack: &Stack) -> Result<(), Failure> {
    let names: Vec<&str> = stack.functions().map(|it| it.name.as_str()).collect();
    if names.contains(&name) {
        return Ok(());
    }
    Err(Failure::new(
        Exit::Usage,
        format!(
            "there is no function {name}; terraform/ declares {}",
            names.join(" and ")
        ),
    ))
}

fn only(findings: &mut Findings, function: &str) {
    findings
        .roles
        .retain(|role| role.functions.iter().any(|it| it.as_str() == function));
}

fn read(file: &Path) -> Result<Recording, Failure> {
    let unusable = |reason: &dyn std::fmt::Display| {
        let text = format!("cannot use {}: {reason}", file.display());
        Failure::new(Exit::Usage, text)
    };
    let text = std::fs::read_to_string(file).map_err(|error| unusable(&error))?;
    Recording::parse(&text).map_err(|error| unusable(&error))
}

/// Runs the scenarios; what they needed, or how they ended early.
async fn run(
    project: &Project,
    settings: &PolicySettings,
) -> Result<Result<Recording, Exit>, Failure> {
    let mut interrupt: Interrupt = up::install()?;
    let scratch = tempfile::tempdir().map_err(|error| {
        Failure::new(
            Exit::Unavailable,
            format!("cannot make a temporary folder: {error}"),
        )
    })?;
    let here: PathBuf = match &settings.record {
        // The scenarios' program may have another working directory.
        Some(file) => std::path::absolute(file).unwrap_or_else(|_| file.clone()),
        None => scratch.path().join("decisions.json"),
    };
    let (quiet, reset) = (QUIET.render(), QUIET.render_reset());
    anstream::eprintln!("{quiet}policy: the scenarios, with every decision written down{reset}");
    let mut rest = Vec::new();
    for (option, value) in [("--name", &settings.name), ("--tags", &settings.tags)] {
        if let Some(value) = value {
            rest.push(format!("{option}={value}"));
        }
    }
    let test_settings = TestSettings {
        target: Target::Embedded,
        outputs: None,
        database_url: std::env::var("DATABASE_URL").ok(),
        services: crate::args::ServiceSettings::default(),
        packaged: false,
        junit: None,
        rest,
    };
    let terraform = project.terraform();
    let mut variables = vec![("ZIPSTER_DECISIONS", here.as_os_str())];
    if settings.terraform.is_some() {
        variables.push(("ZIPSTER_TERRAFORM", terraform.as_os_str()));
    }
    match test::run(&test_settings, &variables, Stdio::null(), &mut interrupt).await? {
        Exit::Done | Exit::Failed => read(&here).map(Ok),
        end @ (Exit::Usage | Exit::StackUnreadable | Exit::Unavailable | Exit::Interrupted) => {
            Ok(Err(end))
        }
    }
}
