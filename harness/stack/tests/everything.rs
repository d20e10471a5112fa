//! One configuration that says all that the reader takes.
//!
//! `.ci/terraform` compares what is read of it with what Terraform plans; the snapshot keeps it so
//! where there is no Terraform.

#![expect(
    clippy::unwrap_used,
    reason = "what a test needs to be there fails the test if it is not"
)]

mod common;

use std::fs;
use std::path::Path;

use common::{Memory, shown};
use zipster_names::{AccountId, Region};
use zipster_stack::{Inputs, Source, read};

#[test]
fn every_argument_is_read_as_terraform_reads_it() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/everything/main.tf");
    let source = Source::new("main.tf", fs::read_to_string(path).unwrap());
    let files = Memory::default().with("packages/load/bootstrap.zip", "load");
    let inputs = Inputs::new(
        AccountId::parse("123456789012").unwrap(),
        Region::parse("us-east-1").unwrap(),
    )
    .with_files(&files);
    let (stack, diagnostics) = read(vec![source], &inputs);
    assert!(diagnostics.is_empty(), "{}", shown(&diagnostics));
    insta::assert_json_snapshot!(stack.unwrap(), { ".resources[].place" => "[place]", ".not_emulated[].place" => "[place]" });
}
