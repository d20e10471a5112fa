//! What a user types.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use zipster_emulator::courier::Relay;

use crate::variables::{VariableSettings, variable};

/// Runs the zip code pipeline on this machine: the real functions, the real Terraform, a real
/// MySQL-compatible database. No AWS account, no Docker, no token.
#[derive(Debug, Parser)]
#[command(
    name = "zipster",
    bin_name = "cargo zipster",
    version,
    after_help = "\
Examples:
  cargo zipster run features/files/extract.csv
      Stand everything up, send the file through, show what became of each row, clean up.
  cargo zipster up
      Stand everything up and watch; in another terminal, send files with any AWS client.
  cargo zipster search --within 2 07440
      The zip codes around one, in the database of a running `up`.
  cargo zipster test --target localstack
      The scenarios of features/ on LocalStack and MySQL in containers.
  cargo zipster parity embedded localstack
      What differs between the two, for a user.
  cargo zipster policy
      What each function needed to be allowed, beside what terraform/ allows it.
  cargo zipster test --target aws
      The scenarios of features/ against what `terraform apply` has made.

Exit codes:
  0  done
  1  a file did not go through, what was said of it is shown; a scenario failed; two targets differ
     in what nobody has explained; a function needs what terraform/ does not allow it; or a zip
     code is not known
  2  the command line is wrong
  3  terraform/ has mistakes; each is shown with its place
  4  something needed is not available: the target, the database, a build, a port
  130  interrupted; everything was cleaned up"
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Ten years, in seconds: as long as CloudWatch Logs keeps anything.
const LONGEST_AGO_S: u64 = 3_653 * 86_400;

/// A subcommand.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Stand up the whole stack and show what happens in it, until Ctrl-C.
    Up(UpSettings),
    /// Send a file through the pipeline and show what becomes of it.
    Run(RunSettings),
    /// Show the stack that terraform/ declares, with nothing built or started.
    Plan(PlanSettings),
    /// Show what the functions of a running `up` write.
    Logs(LogsSettings),
    /// List the zip codes within some miles of one.
    Search(SearchSettings),
    /// Run the scenarios of features/ on a target.
    Test(TestSettings),
    /// Run the scenarios on two targets, and compare what a user sees.
    Parity(ParitySettings),
    /// Run the scenarios, and show the smallest policy that each function needed, beside what
    /// terraform/ grants.
    Policy(PolicySettings),
    /// Build both functions for Lambda, as zips below target/lambda.
    Package(PackageSettings),
}

/// A processor that Lambda has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Arch {
    /// AWS Graviton.
    Arm64,
    /// Intel and AMD.
    #[value(name = "x86_64")]
    X86_64,
}

/// Settings of `package`.
#[derive(Debug, Clone, Args)]
pub struct PackageSettings {
    /// The processor that the functions will run on; the same as var.architecture.
    #[arg(long, value_enum, default_value_t = Arch::Arm64)]
    pub arch: Arch,

    /// Pack what cargo builds for this machine, unoptimised: for emulators that run here.
    #[arg(long, conflicts_with = "arch")]
    pub local: bool,

    /// Print a JSON array on stdout.
    #[arg(long)]
    pub json: bool,
}

/// How `plan` shows the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PlanFormat {
    /// For reading: modules, resources and their chief attributes.
    Tree,
    /// A picture for Markdown: an arrow points at what is made later.
    Mermaid,
    /// The same picture for Graphviz.
    Dot,
    /// All of it, on one line.
    Json,
}

/// Settings of `plan`.
#[derive(Debug, Clone, Args)]
pub struct PlanSettings {
    /// Whose stack: what `up` makes, where a database that is there stands in for the stack's own, or
    /// what `terraform apply` makes. AWS is not asked.
    #[arg(long, value_enum, default_value_t = Target::Embedded)]
    pub target: Target,

    /// How it is shown.
    #[arg(long, value_enum, default_value_t = PlanFormat::Tree)]
    pub format: PlanFormat,

    /// The same as --format json.
    #[arg(long, conflicts_with = "format")]
    pub json: bool,

    #[command(flatten)]
    pub variables: VariableSettings,
}

/// Where scenarios run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Target {
    /// In emulators on this machine: needs nothing.
    Embedded,
    /// On LocalStack and MySQL in containers: needs Docker.
    #[value(name = "localstack")]
    LocalStack,
    /// On what `terraform apply` has made: needs credentials.
    Aws,
}

/// Where `up` and `run` make the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StageTarget {
    /// In an emulator on this machine: needs nothing.
    Embedded,
    /// On LocalStack and MySQL in containers: needs Docker.
    #[value(name = "localstack")]
    LocalStack,
}

/// What runs already, for --target localstack.
#[derive(Debug, Clone, Default, Args)]
pub struct ServiceSettings {
    /// Use what answers at this URL as AWS does, such as a LocalStack that runs already, instead of
    /// starting containers. For --target localstack.
    #[arg(long, value_name = "URL", value_parser = endpoint)]
    pub endpoint: Option<String>,

    /// Where functions there reach the database server, if not where this machine does. For
    /// --endpoint.
    #[arg(long, value_name = "HOST:PORT", value_parser = address)]
    pub functions_database: Option<(String, u16)>,
}

/// Settings of `test`.
#[derive(Debug, Clone, Args)]
pub struct TestSettings {
    /// Where the scenarios run.
    #[arg(long, value_enum, default_value_t = Target::Embedded)]
    pub target: Target,

    /// What `terraform output -json` printed, in a file [default: terraform is asked]. For
    /// --target aws.
    #[arg(long, value_name = "FILE")]
    pub outputs: Option<PathBuf>,

    /// Use this database server (mysql://user:password@host:port/database). With --target aws: the
    /// deployed stack's database, instead of the one that the outputs and their secret name.
    #[arg(long, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,

    #[command(flatten)]
    pub services: ServiceSettings,

    /// Take the packages of `cargo zipster package` as they are, instead of building them. For
    /// --target localstack.
    #[arg(long)]
    pub packaged: bool,

    /// Write the results into this file as JUnit's XML, for whoever shows them: a case for each
    /// scenario, skipped with the reason if it does not run on the target.
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,

    /// Passed on to the scenarios' own command line, such as --name 'good and bad'.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub rest: Vec<String>,
}

/// Settings of `parity`.
#[derive(Debug, Clone, Args)]
pub struct ParitySettings {
    /// The target on the left.
    #[arg(value_enum)]
    pub left: Target,

    /// The target on the right.
    #[arg(value_enum)]
    pub right: Target,

    /// Differences that are known, with their reasons.
    #[arg(
        long,
        value_name = "FILE",
        default_value = "harness/parity/known-differences.json"
    )]
    pub known: PathBuf,

    /// Keep what was seen on each target in this folder, as TARGET.json.
    #[arg(long, value_name = "FOLDER")]
    pub keep: Option<PathBuf>,

    /// Compare what was kept in this folder, without running anything.
    #[arg(long, value_name = "FOLDER", conflicts_with = "keep")]
    pub kept: Option<PathBuf>,

    /// Print the comparison as one line of JSON on stdout.
    #[arg(long)]
    pub json: bool,

    #[command(flatten)]
    pub services: ServiceSettings,

    /// Take the packages of `cargo zipster package` as they are, instead of building them. For
    /// localstack.
    #[arg(long)]
    pub packaged: bool,

    /// What `terraform output -json` printed, in a file [default: terraform is asked]. For aws.
    #[arg(long, value_name = "FILE")]
    pub outputs: Option<PathBuf>,
}

/// Settings of `policy`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Every call that a function makes with its execution role in the scenarios, and all that Lambda does
with it (logs, dead letters), is held against the policies in terraform/ as they are written. So a
scenario that takes an action out of a role changes nothing here.

  granted     needed, and a policy of the role allows it
  MISSING     needed, and nothing allows it
  DENIED      needed, and a statement denies it
  never used  allowed, and not needed in these scenarios
  wider       allowed, and needed for less

What was never used may be needed all the same: scenarios do not show everything, such as a network
or an upload that breaks off. Whether a grant can go is for you to judge.

Examples:
  cargo zipster policy --function zipster-load
  cargo zipster policy --record decisions.json
  cargo zipster policy --from decisions.json     after a change of terraform/, in a moment
  cargo zipster policy --json | jq '.roles[] | {role, policy}'

Exit codes:
  0  terraform/ grants all that was needed
  1  something is missing or denied, or a scenario failed
  2, 3, 4, 130  as for every command")]
pub struct PolicySettings {
    /// Show this function alone, such as zipster-load.
    #[arg(long, value_name = "NAME")]
    pub function: Option<String>,

    /// Run only the scenarios whose names match this regular expression.
    #[arg(long, value_name = "REGEX")]
    pub name: Option<String>,

    /// Run only the scenarios whose tags match this expression, such as 'not @embedded-only'.
    #[arg(long, value_name = "EXPRESSION", conflicts_with = "name")]
    pub tags: Option<String>,

    /// Keep the calls and the decisions in this file.
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,

    /// Take the calls from a file of --record, without running anything.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["record", "name", "tags"])]
    pub from: Option<PathBuf>,

    /// Take the stack from this folder instead of terraform/, to try a change.
    #[arg(long, value_name = "FOLDER")]
    pub terraform: Option<PathBuf>,

    /// Print one JSON object on stdout; docs/policy.md says what is in it.
    #[arg(long)]
    pub json: bool,

    /// Hold the calls against what terraform/ grants with this variable, such as database=existing. The
    /// scenarios themselves run without it.
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = variable)]
    pub variables: Vec<(String, String)>,
}

/// Where the parts come from.
#[derive(Debug, Clone, Args)]
pub struct StageSettings {
    /// Where the stack is made.
    #[arg(long, value_enum, default_value_t = StageTarget::Embedded)]
    pub target: StageTarget,

    /// Use this MySQL or MariaDB server instead of a private one
    /// (mysql://user:password@host:port/database). What is loaded stays there.
    #[arg(long, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,

    #[command(flatten)]
    pub variables: VariableSettings,

    #[command(flatten)]
    pub services: ServiceSettings,

    /// Use LocalStack and MySQL of `docker compose up` (compose.yaml), bring the stack in it up to
    /// date, and leave it there. --endpoint, --functions-database and --database-url name others.
    #[arg(long)]
    pub attach: bool,

    /// Take the functions' executables from this folder instead of building them with cargo. For
    /// --target embedded.
    #[arg(long, value_name = "FOLDER")]
    pub functions: Option<PathBuf>,

    /// Upload the packages of `cargo zipster package` as they are, instead of running executables
    /// in place (embedded) or building packages (localstack).
    #[arg(long, conflicts_with = "functions")]
    pub packaged: bool,

    /// Listen on this port of this machine alone; 0 lets the system choose.
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    pub port: u16,

    /// Divide AWS's waits between retries (one and two minutes) by this. For --target embedded.
    #[arg(long, value_name = "FACTOR", default_value_t = 60)]
    pub hurry: u32,

    /// Start the emulator's identifiers and choices from this number, to repeat a run. For --target
    /// embedded.
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    pub seed: u64,

    /// Deliver events twice, late and out of order now and then, as AWS may; --seed chooses which.
    /// For --target embedded.
    #[arg(long)]
    pub disorder: bool,

    /// Hand the stack's emails on to this SMTP server, such as smtp://localhost:1025 or
    /// smtps://user:password@host; they lie in the inbox as well. For --target embedded.
    #[arg(long, value_name = "URL", env = "ZIPSTER_SMTP", hide_env_values = true, value_parser = Relay::parse)]
    pub smtp: Option<Relay>,

    /// The address that gets the stack's emails; they lie in the emulator's inbox. For --target
    /// embedded.
    #[arg(long, value_name = "ADDRESS", default_value = "you@example.com")]
    pub email: String,
}

/// Settings of `up`.
#[derive(Debug, Clone, Args)]
pub struct UpSettings {
    #[command(flatten)]
    pub stage: StageSettings,

    /// Once everything is ready, print one line of JSON on stdout: endpoint, credentials,
    /// database and names.
    #[arg(long)]
    pub json: bool,

    /// Once everything is ready, write what `terraform output -json` would print to this file.
    #[arg(long, value_name = "FILE")]
    pub outputs: Option<PathBuf>,
}

/// Settings of `run`.
#[derive(Debug, Clone, Args)]
pub struct RunSettings {
    /// The CSV file.
    pub file: PathBuf,

    #[command(flatten)]
    pub stage: StageSettings,

    /// The object key to send it under [default: the file's name].
    #[arg(long)]
    pub key: Option<String>,

    /// Leave the stack up afterwards, until Ctrl-C.
    #[arg(long)]
    pub keep: bool,

    /// Print the result as one line of JSON on stdout; with --keep followed by that of `up --json`.
    #[arg(long)]
    pub json: bool,
}

/// Settings of `logs`.
#[derive(Debug, Clone, Args)]
pub struct LogsSettings {
    /// One function: transform, load, or its name [default: both].
    pub function: Option<String>,

    /// Go on with the lines to come, until Ctrl-C.
    #[arg(long, short)]
    pub follow: bool,

    /// How far back to begin: 30s, 10m, 2h or 1d.
    #[arg(long, value_name = "TIME", value_parser = ago, default_value = "10m")]
    pub since: Duration,

    /// Only lines that this filter pattern of CloudWatch Logs matches, such as ERROR.
    #[arg(long, value_name = "PATTERN")]
    pub filter: Option<String>,

    /// Print one line of JSON for each line.
    #[arg(long)]
    pub json: bool,
}

/// Settings of `search`.
#[derive(Debug, Clone, Args)]
pub struct SearchSettings {
    /// The centre, a zip code of five digits.
    #[arg(value_parser = zipcode)]
    pub zipcode: String,

    /// The radius, in statute miles.
    #[arg(long, value_name = "MILES", value_parser = miles, allow_negative_numbers = true)]
    pub within: f64,

    /// Search in this database [default: that of a running `up` or `run --keep`, else the
    /// starting set in a private server].
    #[arg(long, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,

    /// Print a JSON array on stdout.
    #[arg(long)]
    pub json: bool,
}

fn endpoint(text: &str) -> Result<String, &'static str> {
    if text.starts_with("http://") || text.starts_with("https://") {
        Ok(text.to_owned())
    } else {
        Err("expected a URL, such as http://127.0.0.1:4566")
    }
}

fn address(text: &str) -> Result<(String, u16), &'static str> {
    text.rsplit_once(':')
        .filter(|(host, _)| !host.is_empty())
        .and_then(|(host, port)| Some((host.to_owned(), port.parse().ok()?)))
        .ok_or("expected a host and a port, such as mysql:3306")
}

fn ago(text: &str) -> Result<Duration, &'static str> {
    let parts = text.split_at_checked(text.len().saturating_sub(1));
    let seconds = parts.and_then(|(number, unit)| {
        let unit = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3_600,
            "d" => 86_400,
            _ => return None,
        };
        // Numbers of 32 bits cannot overflow what they are multiplied to.
        Some(u64::from(number.parse::<u32>().ok()?) * unit)
    });
    seconds
        .filter(|seconds| *seconds <= LONGEST_AGO_S)
        .map(Duration::from_secs)
        .ok_or("expected a time of at most ten years, such as 30s, 10m, 2h or 1d")
}

fn zipcode(text: &str) -> Result<String, &'static str> {
    if text.len() == 5 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(text.to_owned())
    } else {
        Err("expected five digits, such as 07440")
    }
}

fn miles(text: &str) -> Result<f64, &'static str> {
    text.parse()
        .ok()
        .filter(|miles: &f64| miles.is_finite() && *miles >= 0.0)
        .ok_or("expected zero or more miles, such as 2.5")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_search_without_a_place_or_a_radius_is_refused() {
        let search = |within: &str, zipcode: &str| {
            Cli::try_parse_from(["zipster", "search", "--within", within, zipcode])
                .map_err(|error| error.to_string())
        };
        assert!(search("2.0", "07440").is_ok());
        assert!(search("0", "07440").is_ok());
        for (within, zipcode) in [("2", "7440"), ("2", "O7440"), ("2", "")] {
            let refusal = search(within, zipcode).unwrap_err();
            assert!(refusal.contains("expected five digits"), "{refusal}");
        }
        for within in ["-1", "nan", "inf", "two"] {
            let refusal = search(within, "07440").unwrap_err();
            assert!(refusal.contains("expected zero or more miles"), "{refusal}");
        }
    }

    #[test]
    fn a_time_has_a_unit() {
        for (text, seconds) in [("30s", 30), ("10m", 600), ("2h", 7_200), ("1d", 86_400)] {
            assert_eq!(ago(text), Ok(Duration::from_secs(seconds)));
        }
        for wrong in ["", "5", "m", "-1m", "1w", "1ü", "99999d"] {
            assert!(ago(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn help_teaches() {
        insta::assert_snapshot!(Cli::command().render_help());
    }

    #[test]
    fn the_help_of_policy_teaches() {
        let mut command = Cli::command();
        let policy = command.find_subcommand_mut("policy").unwrap();
        insta::assert_snapshot!(policy.render_long_help());
    }
}
