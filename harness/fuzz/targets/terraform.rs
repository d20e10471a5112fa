//! Configurations: whatever is written there is a stack or a list of diagnostics.

#![no_main]

use libfuzzer_sys::fuzz_target;
use zipster_names::{AccountId, Region};
use zipster_stack::{Inputs, Source, read};

fuzz_target!(|text: &str| {
    let inputs = Inputs::new(
        AccountId::parse("123456789012").expect("twelve digits"),
        Region::parse("us-east-1").expect("a region"),
    );
    let (stack, diagnostics) = read(vec![Source::new("main.tf", text)], &inputs);
    assert!(
        stack.is_some() || !diagnostics.is_empty(),
        "neither a stack nor a reason"
    );
    for diagnostic in diagnostics {
        let _ = diagnostic.to_string();
    }
});
