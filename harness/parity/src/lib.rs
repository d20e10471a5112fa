//! What a user sees on two targets, compared.
//!
//! A run of the features writes down what could be seen of each scenario ([`Observations`]): facts
//! with a name and a text, free of what differs from run to run. [`compare()`] puts two runs beside
//! each other; differences that are [`Known`] are told apart, with their reason.

mod compare;
mod known;
mod observations;
mod show;

pub use compare::{Comparison, Difference, Explained, Times, compare};
pub use known::{Known, KnownDifference};
pub use observations::{Facts, Observations, ReadError};
pub use show::side_by_side;
