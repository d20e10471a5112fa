//! A function that misbehaves, in place of one of the pipeline's: what Lambda's limits are for.
//!
//! It hangs, or with `UNRULY=greedy` takes memory without end. The scenarios deploy it; nobody
//! else does.

use std::hint::black_box;

use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde_json::Value;

const MEGABYTE: usize = 1 << 20;

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    let greedy = std::env::var("UNRULY").is_ok_and(|manner| manner == "greedy");
    lambda_runtime::run(service_fn(move |event| misbehave(event, greedy))).await
}

async fn misbehave(_: LambdaEvent<Value>, greedy: bool) -> Result<Value, Diagnostic> {
    if !greedy {
        return std::future::pending().await;
    }
    let mut hoard = Vec::new();
    loop {
        // Written to, or the system would promise the memory without giving it.
        hoard.push(black_box(vec![1_u8; MEGABYTE]));
    }
}
