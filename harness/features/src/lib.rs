//! The living documentation: `features/*.feature`, run against a target.
//!
//! Each scenario gets a pipeline of its own, so scenarios see nothing of each other; on the embedded
//! target they run at the same time. Steps are grouped by what they speak of, not by feature file.

mod arguments;
mod decisions;
mod observe;
mod records;
mod results;
mod run;
mod settings;
mod snapshot;
mod steps;
mod target;
mod world;

pub use run::run;
pub use settings::{RunSettings, TargetKind};
pub use world::PipelineWorld;
