//! Standing up the stack and taking it down again, whatever happens in between.

use zipster_emulator::Emulator;
use zipster_targets::{
    Embedded, EmbeddedSettings, FunctionSource, Pipeline, PipelineSettings, Progress, Project,
    Report,
};

use crate::args::StageSettings;
use crate::exit::{Exit, Failure};
use crate::interrupt::Interrupt;
use crate::style;

/// A running stack with its database server.
pub struct Stage {
    /// The target, which owns the server.
    embedded: Embedded,
    /// The stack.
    pub pipeline: Pipeline,
    /// The project that it was read from.
    pub project: Project,
}

impl Stage {
    /// Stands everything up, telling each step on stderr; `None` if it was interrupted, in which
    /// case nothing is left of it.
    ///
    /// # Errors
    /// [`Failure`] if something needed is not there or `terraform/` has mistakes.
    pub async fn set_up(
        settings: &StageSettings,
        interrupt: &mut Interrupt,
    ) -> Result<Option<Self>, Failure> {
        let project = find_project()?;
        let database = database_settings(settings.database_url.as_deref())?;
        let functions = match &settings.functions {
            Some(folder) => FunctionSource::Folder(folder.clone()),
            None if settings.packaged => FunctionSource::Packages,
            None => FunctionSource::Cargo,
        };
        let embedded_settings = EmbeddedSettings {
            project: project.clone(),
            database,
            functions,
        };
        let report = Report::new(tell);
        let embedded = tokio::select! {
            embedded = Embedded::start(embedded_settings, report) => embedded?,
            // What was begun is owned by the future that is dropped here, and goes with it.
            () = interrupt.wait() => return Ok(None),
        };
        let pipeline_settings = PipelineSettings {
            port: settings.port,
            hurry: settings.hurry,
            seed: settings.seed,
            email: Some(settings.email.clone()),
            lasting_database: settings.database_url.is_some(),
            ..PipelineSettings::default()
        };
        // A matter of milliseconds, so it is not interrupted half-way.
        match embedded.pipeline(pipeline_settings).await {
            Ok(pipeline) => Ok(Some(Self {
                embedded,
                pipeline,
                project,
            })),
            Err(error) => {
                // The first failure is what the user has to know.
                let _ = embedded.stop().await;
                Err(error.into())
            }
        }
    }

    /// The emulator that the stack is in.
    pub fn emulator(&self) -> &Emulator {
        self.pipeline
            .emulator()
            .expect("the embedded target makes pipelines with an emulator")
    }

    /// Takes everything down.
    ///
    /// # Errors
    /// [`Failure`] naming what could not be ended or removed.
    pub async fn take_down(self) -> Result<(), Failure> {
        let pipeline = self.pipeline.stop().await;
        let embedded = self.embedded.stop().await;
        pipeline?;
        embedded?;
        Ok(())
    }
}

/// The project around the current folder.
///
/// # Errors
/// [`Failure`] if there is none.
pub fn find_project() -> Result<Project, Failure> {
    let here = std::env::current_dir().map_err(|error| {
        Failure::new(
            Exit::Usage,
            format!("cannot tell the current folder: {error}"),
        )
    })?;
    Ok(Project::find(&here)?)
}

/// How to come by a database, from the environment and the command line.
///
/// # Errors
/// [`Failure`] if the URL is not usable.
pub fn database_settings(url: Option<&str>) -> Result<zipster_database::Settings, Failure> {
    let usage =
        |error: zipster_database::Error| Failure::new(Exit::Usage, Failure::from(error).text());
    zipster_database::Settings::from_variables(|name| match name {
        // The command line has read it already, or has something else.
        "DATABASE_URL" => url.map(Into::into),
        other => std::env::var_os(other),
    })
    .map_err(usage)
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "a report's listener is given the progress"
)]
pub fn tell(progress: Progress) {
    let (quiet, reset) = (style::QUIET.render(), style::QUIET.render_reset());
    anstream::eprintln!("{quiet}{progress}{reset}");
}
