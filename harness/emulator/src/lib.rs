//! The embedded AWS: S3, SNS, SQS, Lambda, IAM, STS, CloudWatch Logs and Secrets Manager on one
//! loopback listener, in this process.
//!
//! The emulator knows AWS; it knows nothing of zip codes or of Terraform. Clients reach it over
//! HTTP with the official SDKs, functions run as child processes that speak the Lambda Runtime
//! API, and everything that happens is kept in a [`journal::Journal`] of causes and effects, so
//! that a test can wait until nothing is left to happen ([`Emulator::settled`]).
//!
//! The rooms: [`front`] listens, authenticates and routes; one folder a service ([`s3`], [`sns`],
//! [`sqs`], [`lambda`], [`iam`], [`logs`], [`secrets`]) holds behaviour and state; [`courier`] carries events from one
//! service to another; [`clock`], [`fault`] and [`random`] hold what is injected: time, mishaps
//! and chance.
//!
//! Deliberately absent: durability (state ends with the process), TLS, and anything that would
//! let the emulator be reached from another machine.

pub mod clock;
pub mod core;
pub mod courier;
pub mod fault;
pub mod front;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
pub mod iam;
pub mod identity;
pub mod journal;
pub mod lambda;
pub mod logs;
pub mod message;
pub mod random;
pub mod s3;
pub mod secrets;
pub mod sns;
pub mod sqs;

mod emulator;

pub use emulator::{Emulator, Services, Settings, StartError};
