//! The transform function: from an extract in the input bucket to a load file and an error file.
//!
//! One binary, two callers. Started by Lambda it deals with the objects of S3 events
//! ([`handler`]); started by a person it transforms one file ([`cli`]). What happens to the rows is
//! the same in both, and is in the crate `zipcodes`; what an AWS function needs is in `pipeline`.
//! Here is only how bytes come in, where they go, and what is said about it.

pub mod cli;
#[cfg(test)]
mod fake_aws;
pub mod handler;
mod interrupt;
mod output;
pub mod settings;
