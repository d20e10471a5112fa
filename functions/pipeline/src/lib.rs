//! The edge both functions share: S3 events, settings, object streams, notices.
//!
//! A function is made of three parts: what it does with one object (its own crate), the pure
//! rules of zip codes (`zipcodes`), and everything that `transform` and `load` have in common with
//! any function behind an S3 notification, which is here. In the order of an invocation:
//!
//! - [`settings`] reads the environment that Terraform sets, all problems at once;
//! - [`clients`] makes the S3 and SNS clients from it;
//! - [`runtime`] speaks to Lambda, and calls a [`runtime::Handler`] once for each new object;
//! - [`event`] turns the JSON of S3 into typed [`event::Created`] records;
//! - [`object`] streams objects in and out and deletes them on a condition;
//! - [`source_version`] orders the versions of an input;
//! - [`notice`] announces every step, and [`failure`] says what went wrong.
//!
//! Left out on purpose: zip codes, the database, and any knowledge of what runs the functions.

pub mod call;
pub mod clients;
pub mod event;
pub mod failure;
pub mod names;
pub mod notice;
pub mod object;
pub mod runtime;
pub mod settings;
pub mod source_version;

#[cfg(test)]
mod scripted;
