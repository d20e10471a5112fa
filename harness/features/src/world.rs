//! What a scenario has to hand.

use std::collections::BTreeMap;
use std::path::PathBuf;

use cucumber::World;
use tempfile::TempDir;
use time::OffsetDateTime;
use zipster_targets::notices::{Notice, NoticeQueue};
use zipster_targets::pipeline::Emulator;
use zipster_targets::{Pipeline, TargetError};

use crate::decisions::Witness;

/// One scenario's pipeline, its files, and what it has seen so far.
#[derive(Debug, Default, World)]
pub struct PipelineWorld {
    /// The pipeline; there from before the first step until after the last.
    pipeline: Option<Pipeline>,
    /// The scenario's name, which names its snapshots.
    pub scenario: String,
    /// Files by their object key.
    pub files: BTreeMap<String, String>,
    /// When the first step began.
    pub began: Option<OffsetDateTime>,
    /// How many zip codes the database held before the first step.
    pub zip_codes_before: u64,
    /// The notices seen so far, in the order of arrival.
    pub notices: Vec<Notice>,
    /// The queue of a program that listens to some of the notices.
    pub listener: Option<NoticeQueue>,
    /// A program that misbehaves as a function, where it was built.
    pub unruly: Option<PathBuf>,
    /// The reserved concurrency that functions had before the scenario changed it.
    pub concurrency_before: BTreeMap<String, Option<i32>>,
    /// Folders that functions run in, removed with the scenario.
    pub folders: Vec<TempDir>,
}

impl PipelineWorld {
    /// Sets the stage.
    pub fn enter(&mut self, scenario: &str, pipeline: Pipeline, zip_codes_before: u64) {
        scenario.clone_into(&mut self.scenario);
        self.began = Some(OffsetDateTime::now_utc());
        self.zip_codes_before = zip_codes_before;
        self.pipeline = Some(pipeline);
    }

    /// Gives the pipeline back, to be stopped.
    pub fn leave(&mut self) -> Option<Pipeline> {
        self.pipeline.take()
    }

    /// The pipeline, within the scenario.
    ///
    /// # Panics
    /// If called outside of a scenario's steps.
    #[must_use]
    pub fn pipeline(&self) -> &Pipeline {
        self.pipeline
            .as_ref()
            .expect("the before hook sets the stage, or the scenario does not run")
    }

    /// Who can tell what roles did, if there is a pipeline with a journal.
    pub(crate) fn witness(&self) -> Option<Witness> {
        self.pipeline.as_ref().and_then(Witness::of)
    }

    /// The emulator behind the pipeline.
    ///
    /// # Errors
    /// If there is none: the scenario lacks a tag.
    pub fn emulator(&self) -> Result<&Emulator, String> {
        let emulator = self.pipeline().emulator();
        emulator.ok_or_else(|| TargetError::NoEmulator.to_string())
    }

    /// Gives functions back what the scenario has changed: on a stack that others use as well.
    ///
    /// # Errors
    /// If Lambda refuses.
    pub async fn restore(&mut self) -> Result<(), String> {
        for (function, before) in std::mem::take(&mut self.concurrency_before) {
            let lambda = &self.pipeline().clients().lambda;
            match before {
                Some(limit) => lambda
                    .put_function_concurrency()
                    .function_name(function)
                    .reserved_concurrent_executions(limit)
                    .send()
                    .await
                    .map(|_| ())
                    .map_err(|error| format!("{error:?}"))?,
                None => lambda
                    .delete_function_concurrency()
                    .function_name(function)
                    .send()
                    .await
                    .map(|_| ())
                    .map_err(|error| format!("{error:?}"))?,
            }
        }
        Ok(())
    }

    /// The text of a file that the scenario has given.
    ///
    /// # Errors
    /// If no step has given it.
    pub fn file(&self, key: &str) -> Result<String, String> {
        self.files
            .get(key)
            .cloned()
            .ok_or_else(|| format!("no step has given the file {key:?}"))
    }

    /// All notices so far, after taking those that have arrived since.
    ///
    /// # Errors
    /// If they cannot be read.
    pub async fn all_notices(&mut self) -> Result<&[Notice], String> {
        let new = self
            .pipeline()
            .new_notices()
            .await
            .map_err(|error| error.to_string())?;
        self.notices.extend(new);
        Ok(&self.notices)
    }
}
