//! The command line: one file in, a load file and an error file out.
//!
//! Left out: S3, notices and everything else of AWS. `transform` on the command line is for trying
//! a file before it is uploaded, and for scripts.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use serde_json::json;
use zipcodes::{Counts, InputError, Outputs, Transform};

use crate::interrupt::{Unfinished, unless_interrupted};
use crate::output::{Complete, Destination, Output, resolved};

const AFTER_HELP: &str = "\
Rows that pass all rules go to the load file, normalised. Every other row is shown in the error
file, with a line for each thing that is wrong with it; the error file is empty if there is none.
What was done is said on standard error.

Both files appear when they are complete, and replace what was there. After a failure, or Ctrl-C,
neither does.
Standard output cannot be taken back: if an output is `-`, look at the exit code.

Exit codes:
  0  the file was transformed, whether or not rows were rejected
  1  it could not be: a file cannot be read or written, or the input is no extract
  2  the arguments make no sense
  3  the file was transformed, rows were rejected, and --fail-on-rejected was given
  130  interrupted; 143 or 129 if by SIGTERM or SIGHUP

Examples:
  transform zipcodes.csv --load load.csv --errors errors.txt
  xz -dc zipcodes.csv.xz | transform - --load load.csv --errors -

If AWS_LAMBDA_RUNTIME_API is set, this program serves as a Lambda function instead, and takes no
arguments.";

/// Check and normalise an extract of US zip codes, as the transform function does.
#[derive(Debug, Parser)]
#[command(name = "transform", version, after_help = AFTER_HELP)]
struct Arguments {
    /// The extract, a CSV file with the columns Zipcode, ZipCodeType, City, State, LocationType,
    /// Lat, Long, Location and Decommisioned; `-` for standard input
    input: PathBuf,

    /// Where to write the load file; `-` for standard output
    #[arg(long, value_name = "FILE")]
    load: PathBuf,

    /// Where to write the error file; `-` for standard output
    #[arg(long, value_name = "FILE")]
    errors: PathBuf,

    /// Say what was done, or what failed, as one line of JSON
    #[arg(long)]
    json: bool,

    /// Exit with 3 if any row was rejected
    #[arg(long)]
    fail_on_rejected: bool,
}

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The file was transformed.
    Transformed = 0,
    /// It could not be.
    Failed = 1,
    /// The arguments make no sense.
    Usage = 2,
    /// The file was transformed, and it was asked to fail if a row was rejected.
    Rejected = 3,
}

/// Why a file could not be transformed.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("{0}")]
    Usage(&'static str),
    #[error("cannot {doing} {place}: {source}")]
    Io {
        doing: &'static str,
        place: String,
        source: io::Error,
    },
    #[error("cannot transform {place}: {source}")]
    Input { place: String, source: InputError },
}

impl Error {
    /// The name of the kind of error, for programs.
    fn kind(&self) -> &'static str {
        match self {
            Error::Usage(_) => "Usage",
            Error::Io { .. } => "Io",
            Error::Input { source, .. } => source.kind(),
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Error::Usage(_) => Exit::Usage,
            Error::Io { .. } | Error::Input { .. } => Exit::Failed,
        }
    }

    fn io(doing: &'static str, place: impl fmt::Display) -> impl FnOnce(io::Error) -> Self {
        let place = place.to_string();
        move |source| Error::Io {
            doing,
            place,
            source,
        }
    }
}

/// Does what the arguments of the process ask for.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let (as_json, fail_on_rejected) = (arguments.json, arguments.fail_on_rejected);
    let unfinished = Unfinished::new();
    let outcome = unless_interrupted(&unfinished, {
        let unfinished = unfinished.clone();
        move || run(&arguments, &unfinished)
    });
    let result = match outcome {
        Ok(Ok(result)) => result,
        Ok(Err(interrupted)) => return ExitCode::from(interrupted.exit_code()),
        Err(error) => Err(Error::io("finish", "the work")(error)),
    };
    let said = match &result {
        Ok(counts) => summary(counts, as_json),
        Err(error) => complaint(error, as_json),
    };
    // Nobody may be listening any more. The exit code still says it.
    let _ = io::stderr().write_all(said.as_bytes());
    let exit = match result {
        Ok(counts) if counts.rejected > 0 && fail_on_rejected => Exit::Rejected,
        Ok(_) => Exit::Transformed,
        Err(error) => error.exit(),
    };
    ExitCode::from(exit as u8)
}

fn summary(counts: &Counts, as_json: bool) -> String {
    let Counts {
        rows_read,
        accepted,
        rejected,
        errors,
    } = counts;
    if as_json {
        let counts = json!({
            "rows_read": rows_read,
            "rows_accepted": accepted,
            "rows_rejected": rejected,
            "errors": errors,
        });
        return format!("{counts}\n");
    }
    format!("{rows_read} rows read, {accepted} accepted, {rejected} rejected, {errors} errors\n")
}

fn complaint(error: &Error, as_json: bool) -> String {
    if as_json {
        let error = json!({ "error": { "kind": error.kind(), "message": error.to_string() } });
        return format!("{error}\n");
    }
    let hint = match error {
        Error::Usage(_) => "hint: see `transform --help`\n",
        Error::Io { .. } => "",
        Error::Input { .. } => "hint: correct the file and try again\n",
    };
    format!("error: {error}\n{hint}")
}

fn run(arguments: &Arguments, unfinished: &Unfinished) -> Result<Counts, Error> {
    let load = Destination::new(&arguments.load);
    let errors = Destination::new(&arguments.errors);
    if load == errors && !load.is_device() {
        return Err(Error::Usage(
            "the load file and the error file go to the same place",
        ));
    }
    let (mut input, place): (Box<dyn Read>, String) = if arguments.input == Path::new("-") {
        (Box::new(io::stdin().lock()), "standard input".to_owned())
    } else {
        let input = resolved(&arguments.input);
        if [&load, &errors].contains(&&Destination::Path(input)) {
            return Err(Error::Usage("an output would replace the input"));
        }
        let place = shown(&arguments.input);
        let file = File::open(&arguments.input).map_err(Error::io("read", &place))?;
        (Box::new(file), place)
    };
    let mut outputs = Pair {
        load: create(&load, &arguments.load, unfinished)?,
        errors: create(&errors, &arguments.errors, unfinished)?,
        arguments,
    };

    let mut transform = Transform::new();
    let mut out = Outputs::default();
    let mut chunk = vec![0; 64 << 10];
    let at_input = |source| Error::Input {
        place: place.clone(),
        source,
    };
    loop {
        let read = match input.read(&mut chunk) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Error::io("read", &place)(error)),
        };
        transform.push(&chunk[..read], &mut out).map_err(at_input)?;
        outputs.write(&mut out)?;
    }
    let counts = transform.finish(&mut out).map_err(at_input)?;
    outputs.write(&mut out)?;
    outputs.publish()?;
    Ok(counts)
}

fn create(
    destination: &Destination,
    argument: &Path,
    unfinished: &Unfinished,
) -> Result<Output, Error> {
    Output::create(destination, unfinished).map_err(Error::io("create", shown(argument)))
}

/// Both outputs.
struct Pair<'a> {
    load: Output,
    errors: Output,
    arguments: &'a Arguments,
}

impl Pair<'_> {
    fn write(&mut self, out: &mut Outputs) -> Result<(), Error> {
        let Arguments { load, errors, .. } = self.arguments;
        for (output, bytes, argument) in [
            (&mut self.load, &mut out.load, load),
            (&mut self.errors, &mut out.errors, errors),
        ] {
            output
                .write_all(bytes)
                .map_err(Error::io("write", shown(argument)))?;
            bytes.clear();
        }
        Ok(())
    }

    /// Puts both at their places, after both were found to be complete. The load file comes last:
    /// whoever waits for it finds the error file there.
    fn publish(self) -> Result<(), Error> {
        let Arguments { load, errors, .. } = self.arguments;
        let complete = |output: Output, argument: &Path| -> Result<Complete, Error> {
            output
                .complete()
                .map_err(Error::io("write", shown(argument)))
        };
        let complete_load = complete(self.load, load)?;
        let complete_errors = complete(self.errors, errors)?;
        let publish = |output: Complete, argument: &Path| {
            output
                .publish()
                .map_err(Error::io("write", shown(argument)))
        };
        publish(complete_errors, errors)?;
        publish(complete_load, load)
    }
}

fn shown(argument: &Path) -> String {
    if argument == Path::new("-") {
        "standard output".to_owned()
    } else {
        format!("`{}`", argument.display())
    }
}
