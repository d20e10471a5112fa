//! Filters of events: a line says which language, then come the filter, an empty line, and what it is
//! asked about.

#![no_main]

use libfuzzer_sys::fuzz_target;
use zipster_emulator::fuzzing;

fuzz_target!(|text: &str| {
    let Some((language, rest)) = text.split_once('\n') else {
        return;
    };
    let (filter, event) = rest.split_once("\n\n").unwrap_or((rest, "{}"));
    match language {
        "sns" => fuzzing::sns(filter, event),
        "lambda" => fuzzing::lambda(filter, event),
        "logs" => fuzzing::logs(filter, event),
        // Random bytes seldom say a word.
        _ => {
            fuzzing::sns(filter, event);
            fuzzing::lambda(filter, event);
            fuzzing::logs(filter, event);
        }
    }
});
