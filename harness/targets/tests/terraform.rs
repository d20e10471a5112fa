//! The project's own Terraform, as the targets need it.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot read the stack has failed"
)]

use std::path::Path;

use zipster_names::{AccountId, Region};
use zipster_stack::{Inputs, Source, Stack};
use zipster_targets::deploy::{binary_of, waves};
use zipster_targets::{Outputs, Project};

fn stack() -> Stack {
    let project = Project::find(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
    let sources = project
        .terraform_files()
        .unwrap()
        .into_iter()
        .map(|file| Source::new(file.path, file.text))
        .collect();
    let files = project.files();
    let inputs = Inputs::new(
        AccountId::parse("123456789012").unwrap(),
        Region::parse("eu-central-1").unwrap(),
    )
    .with_files(&files)
    .with_variable("database", "existing")
    .with_variable("database_url", "mysql://localhost/zips");
    let (stack, diagnostics) = zipster_stack::read(sources, &inputs);
    stack.unwrap_or_else(|| panic!("{diagnostics:?}"))
}

#[test]
fn the_outputs_name_what_the_stack_declares() {
    let stack = stack();
    let outputs = Outputs::of(&stack).unwrap();
    let buckets: Vec<&str> = stack.buckets().map(|bucket| bucket.name.as_str()).collect();
    for bucket in [
        &outputs.input_bucket,
        &outputs.load_bucket,
        &outputs.error_bucket,
    ] {
        assert!(
            buckets.contains(&bucket.as_str()),
            "{bucket} in {buckets:?}"
        );
    }
    let functions: Vec<&str> = stack
        .functions()
        .map(|function| function.name.as_str())
        .collect();
    for function in [&outputs.transform_function, &outputs.load_function] {
        assert!(
            functions.contains(&function.as_str()),
            "{function} in {functions:?}"
        );
    }
}

#[test]
fn the_zips_name_the_binaries() {
    let mut binaries: Vec<String> = stack()
        .functions()
        .map(|function| binary_of(function).unwrap())
        .collect();
    binaries.sort();
    assert_eq!(binaries, ["load", "transform"]);
}

#[test]
fn no_resource_is_made_before_what_it_depends_on() {
    let stack = stack();
    let mut made = Vec::new();
    for wave in waves(&stack) {
        for resource in &wave {
            for needed in &resource.depends_on {
                assert!(
                    made.contains(&needed),
                    "{} before {needed}",
                    resource.address
                );
            }
        }
        made.extend(wave.into_iter().map(|resource| &resource.address));
    }
    assert_eq!(made.len(), stack.resources.len());
}
