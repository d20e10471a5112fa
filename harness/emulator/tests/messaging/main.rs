//! SNS and SQS as the official SDKs see them, over HTTP against a running emulator.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod access;
mod delivery;
mod endpoint;
mod fifo;
mod http;
mod inbox;
mod relay;
mod signatures;
mod sns;
mod sns_subscriptions;
mod sqs;
mod sqs_owners;
mod support;
mod verify;
