//! Clients that mean no good, or know no better: none of them is in another's way.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot make its calls has failed"
)]

mod limits;
mod malformed;
mod support;
