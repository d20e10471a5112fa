//! The command line, as `cargo test` passes it on.
//!
//! `cargo test SOME_NAME` gives every test program the same arguments, made for Rust's own test
//! harness: a bare word selects scenarios by name, and options that mean nothing to scenarios are
//! left out.

use cucumber::cli::Parser as _;

/// Options of Rust's own test harness, and whether a value follows.
const HARNESS_OPTIONS: [(&str, bool); 8] = [
    ("--nocapture", false),
    ("--no-capture", false),
    ("--show-output", false),
    ("--quiet", false),
    ("-q", false),
    ("--include-ignored", false),
    ("--exact", false),
    ("--test-threads", true),
];

/// The command line of cucumber with its usual parser, runner and writer.
pub type Opts = cucumber::cli::Opts<
    cucumber::parser::basic::Cli,
    cucumber::runner::basic::Cli,
    cucumber::writer::basic::Cli,
>;

/// Reads the program's arguments, its own name first. Ends the program if they make no sense, as
/// `--help` does.
pub fn from_cargo(arguments: impl Iterator<Item = String>) -> Opts {
    Opts::parse_from(translate(arguments))
}

fn translate(arguments: impl Iterator<Item = String>) -> Vec<String> {
    let mut translated: Vec<String> = Vec::new();
    let mut arguments = arguments;
    translated.extend(arguments.next());
    let mut expects_value = false;
    while let Some(argument) = arguments.next() {
        if let Some((_, has_value)) = HARNESS_OPTIONS
            .iter()
            .find(|(option, _)| argument == *option)
        {
            if *has_value {
                arguments.next();
            }
            continue;
        }
        if argument.starts_with("--test-threads=") {
            continue;
        }
        let is_option = argument.starts_with('-');
        if !is_option && !expects_value {
            translated.push("--name".to_owned());
        }
        // `--name=x` brings its value along; `--name` is followed by it.
        expects_value = is_option && !argument.contains('=');
        translated.push(argument);
    }
    translated
}

#[cfg(test)]
mod tests {
    use super::translate;

    #[track_caller]
    fn check(typed: &str, expected: &str) {
        let arguments = typed.split(' ').map(str::to_owned);
        assert_eq!(translate(arguments).join(" "), expected);
    }

    #[test]
    fn a_bare_word_selects_by_name_and_harness_options_are_left_out() {
        check("features", "features");
        check("features killed", "features --name killed");
        check("features --name killed", "features --name killed");
        check("features --name=killed", "features --name=killed");
        check("features --nocapture killed", "features --name killed");
        check("features --test-threads 1 -c 4", "features -c 4");
        check("features --test-threads=1 -v", "features -v");
    }
}
