//! What a function may take.

use serde_json::{Value, json};
use zipster_emulator::journal::{Event, Outcome};
use zipster_emulator::lambda::MemoryLimit;

use crate::invocations::runs;
use crate::support::{Answer, World, variables, without_numbers};

/// An emulator with `the-function`, which may hold 128 MB.
async fn small() -> World {
    let world = World::empty().await;
    world
        .function("the-function")
        .memory_size(128)
        .send()
        .await
        .unwrap();
    world
}

#[track_caller]
fn check_out_of_memory(answer: &Answer) {
    assert_eq!(answer.error.as_deref(), Some("Unhandled"), "{answer:?}");
    assert_eq!(answer.payload["errorType"], "Runtime.OutOfMemory");
    let message = answer.payload["errorMessage"].as_str().unwrap();
    assert_eq!(
        without_numbers(message),
        "RequestId: # Error: Runtime exited with error: signal: killed"
    );
    let report: Vec<_> = answer.log.lines().last().unwrap().split('\t').collect();
    for field in [
        "Memory Size: 128 MB",
        "Max Memory Used: 128 MB",
        "Status: error",
        "Error Type: Runtime.OutOfMemory",
    ] {
        assert!(report.contains(&field), "{report:?}");
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_function_that_takes_more_memory_than_it_has_is_killed() {
    let world = small().await;
    let answer = world.invoke(json!({ "do": "fill", "megabytes": 40 })).await;
    assert_eq!(answer.error, None, "{answer:?}");
    let answer = world
        .invoke(json!({ "do": "fill", "megabytes": 300 }))
        .await;
    check_out_of_memory(&answer);
    assert!(!runs(world.processes()[0]));
    let outcomes = world.events(|event| match event {
        Event::InvocationEnded { outcome, .. } => Some(outcome.clone()),
        _ => None,
    });
    assert_eq!(outcomes, [Outcome::Succeeded, Outcome::OutOfMemory]);
    // Another environment serves the next one.
    assert_eq!(world.invoke(json!({})).await.error, None);
    assert_eq!(world.processes().len(), 2);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn what_a_functions_children_take_counts() {
    let world = small().await;
    // Without a line's end in sight, the whole input is held.
    let command = "head -c 400000000 /dev/zero | tail -n 1 | wc -c";
    let answer = world
        .invoke(json!({ "do": "shell", "command": command }))
        .await;
    check_out_of_memory(&answer);
}

#[tokio::test]
async fn address_space_that_is_only_reserved_is_no_memory() {
    let world = small().await;
    let answer = world.invoke(json!({ "do": "reserve" })).await;
    assert_eq!(answer.payload, json!(4_u64 << 30));
    // Forked, children share what their parent holds.
    let command = "for i in 1 2 3 4 5 6 7 8; do sleep 0.1 & done; wait; echo done";
    let answer = world
        .invoke(json!({ "do": "shell", "command": command }))
        .await;
    assert_eq!(answer.payload["output"], "done\n");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_initialisation_may_take_no_more_either() {
    let world = World::empty().await;
    world
        .function("the-function")
        .memory_size(128)
        .environment(variables(&[("LARGE_AT_FIRST", "yes")]))
        .send()
        .await
        .unwrap();
    let answer = world.invoke(json!({})).await;
    check_out_of_memory(&answer);
    let reports: Vec<_> = world
        .log()
        .iter()
        .filter(|line| line.starts_with("INIT_REPORT"))
        .map(|line| without_numbers(&line.replace('\t', " ")))
        .collect();
    let expected = |phase: &str| {
        format!(
            "INIT_REPORT Init Duration: # ms Phase: {phase} Status: error \
             Error Type: Runtime.OutOfMemory"
        )
    };
    assert_eq!(reports, [expected("init"), expected("invoke")]);
}

#[tokio::test]
async fn what_holds_here_is_said_at_the_beginning() {
    let world = World::empty().await;
    let guarantees = world.emulator.guarantees();
    let said = world.events(|event| match event {
        Event::Guarantee { line } => Some(line.clone()),
        _ => None,
    });
    assert_eq!(said, guarantees.lines());
    let watched = guarantees.memory != MemoryLimit::Off;
    assert_eq!(watched, cfg!(target_os = "linux"), "{said:?}");
    assert_eq!(world.entries()[0].cause, None);
    let first: Value = serde_json::to_value(&world.entries()[0].event).unwrap();
    assert_eq!(first["type"], "guarantee");
}

#[tokio::test]
async fn temporary_files_may_take_no_more_than_the_ephemeral_storage() {
    let world = World::start().await;
    // Blocks are what counts, so a file that is only long is welcome.
    let command = "truncate -s 2G $TMPDIR/long && echo 1 > $TMPDIR/short && echo written";
    let answer = world
        .invoke(json!({ "do": "shell", "command": command }))
        .await;
    assert_eq!(answer.payload["output"], "written\n", "{answer:?}");
    let command = "fallocate -l 600M $TMPDIR/large || head -c 600M /dev/zero > $TMPDIR/large";
    let answer = world
        .invoke(json!({ "do": "shell", "command": command }))
        .await;
    assert_eq!(answer.payload["errorType"], "Runtime.ExitError");
    assert!(answer.log.contains(
        "for more than 512 MB of temporary files; on AWS the write would have failed with: No \
         space left on device"
    ));
    // The next environment begins with an empty folder.
    let command = "ls $TMPDIR";
    let answer = world
        .invoke(json!({ "do": "shell", "command": command }))
        .await;
    assert_eq!(answer.payload["output"], "", "{answer:?}");
}
