//! Configurations with mistakes, and what is said about them.
//!
//! Each file in `mistakes/` is one configuration; its snapshot is what a person sees.

#![expect(
    clippy::unwrap_used,
    reason = "what a test needs to be there fails the test if it is not"
)]

mod common;

use std::path::Path;

use common::{Memory, inputs, shown, tf_files};
use zipster_stack::{Source, read};

#[test]
fn every_mistake_is_named_with_its_place_and_a_way_out() {
    let files = Memory::default();
    let inputs = inputs().with_variable("given", "[1").with_files(&files);
    for (name, text) in tf_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mistakes")) {
        let (stack, diagnostics) = read(
            vec![Source::new(format!("terraform/{name}"), text)],
            &inputs,
        );
        assert!(stack.is_none(), "{name} has no mistakes");
        insta::assert_snapshot!(name.trim_end_matches(".tf"), shown(&diagnostics));
    }
}
