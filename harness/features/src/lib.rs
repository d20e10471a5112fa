//! The living documentation: `features/*.feature`, run against a target.
//!
//! Each scenario gets a pipeline of its own, so scenarios run at the same time and see nothing of
//! each other. Steps are grouped by what they speak of, not by feature file.

mod arguments;
mod run;
mod snapshot;
mod steps;
mod world;

pub use run::run;
pub use world::PipelineWorld;
