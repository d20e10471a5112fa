//! Where a pipeline runs: one way to reach it, several ways to stand it up.
//!
//! A [`Pipeline`] is a deployed stack that somebody can send files through: its clients, the
//! names that Terraform's outputs give, its database, its notices. The [`embedded`] target makes
//! one from `terraform/*.tf` inside this process, with no account, no container and no token.
//!
//! What belongs to AWS alone (the SDK clients, the [`deploy`] order, the queue that collects
//! [`notices`]) knows nothing of the emulator, so that other targets can use it as it is.

pub mod aws;
pub mod build;
pub mod clients;
pub mod deploy;
mod docker;
pub mod embedded;
mod error;
pub mod files;
pub mod function_logs;
pub mod glibc;
pub mod keys;
mod leftovers;
mod link;
pub mod localstack;
pub mod notices;
pub mod outputs;
pub mod package;
pub mod pipeline;
pub mod plan;
pub mod progress;
pub mod project;
mod read;
mod stand_in;
pub mod story;
mod watch;

pub use aws::{Aws, AwsSettings};
pub use build::FunctionSource;
pub use embedded::{Embedded, EmbeddedSettings, PipelineSettings};
pub use error::TargetError;
pub use localstack::{Host, LocalStack, LocalStackSettings};
pub use outputs::Outputs;
pub use pipeline::Pipeline;
pub use progress::{Progress, Report};
pub use project::Project;
