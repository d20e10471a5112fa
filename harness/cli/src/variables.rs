//! The options that set variables of `terraform/`, in the order in which they were typed.

use std::env;
use std::path::PathBuf;

use clap::{ArgMatches, Args, Command, Error, FromArgMatches};
use zipster_targets::plan::VariableOption;

/// What `--var` and `--var-file` say.
///
/// Of two values for the same variable the later one counts, as in Terraform, so their order is
/// kept, which the derived parser of two fields would lose.
#[derive(Debug, Clone, Default)]
pub struct VariableSettings(pub Vec<VariableOption>);

#[derive(Args)]
struct Options {
    /// Set a variable of terraform/. As in Terraform, this wins over TF_VAR_NAME in the environment
    /// and over terraform.tfvars and *.auto.tfvars; of several, the last one counts.
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = variable)]
    values: Vec<(String, String)>,

    /// Set variables as this file does, *.tfvars or *.tfvars.json. The same holds.
    #[arg(long = "var-file", value_name = "FILE")]
    files: Vec<PathBuf>,
}

impl FromArgMatches for VariableSettings {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let options = Options::from_arg_matches(matches)?;
        let places = |id: &str| matches.indices_of(id).into_iter().flatten();
        let values = options
            .values
            .into_iter()
            .map(|(name, text)| VariableOption::Value(name, text));
        let files = options.files.into_iter().map(VariableOption::File);
        let mut placed: Vec<(usize, VariableOption)> = places("values")
            .zip(values)
            .chain(places("files").zip(files))
            .collect();
        placed.sort_by_key(|(place, _)| *place);
        Ok(Self(placed.into_iter().map(|(_, option)| option).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for VariableSettings {
    fn augment_args(command: Command) -> Command {
        Options::augment_args(command)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Options::augment_args_for_update(command)
    }
}

/// The values that the environment gives, `TF_VAR_name`; what is no text cannot be one.
pub fn of_environment() -> Vec<(String, String)> {
    of_vars(env::vars_os().filter_map(|(name, text)| {
        let text = text.into_string().ok()?;
        Some((name.into_string().ok()?, text))
    }))
}

fn of_vars(vars: impl Iterator<Item = (String, String)>) -> Vec<(String, String)> {
    vars.filter_map(|(name, text)| Some((name.strip_prefix("TF_VAR_")?.to_owned(), text)))
        .collect()
}

/// A name and a text, as Terraform takes them: blanks before the name are dropped, and those after
/// it are a slip.
pub fn variable(text: &str) -> Result<(String, String), &'static str> {
    match text.split_once('=') {
        Some((name, value)) => {
            let name = name.trim_start();
            if name.is_empty() || name != name.trim_end() {
                return Err("expected NAME=VALUE with no blank before =, such as project=zips");
            }
            Ok((name.to_owned(), value.to_owned()))
        }
        None => Err("expected NAME=VALUE, such as project=zips"),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        variables: VariableSettings,
    }

    #[test]
    fn options_keep_the_order_in_which_they_were_typed() {
        let typed = |line: &[&str]| {
            let line = [&["zipster"], line].concat();
            Line::try_parse_from(line).unwrap().variables.0
        };
        let value =
            |name: &str, text: &str| VariableOption::Value(name.to_owned(), text.to_owned());
        let file = |name: &str| VariableOption::File(name.into());
        assert_eq!(typed(&[]), []);
        assert_eq!(
            typed(&["--var", "a=1", "--var-file", "f", "--var=b=2"]),
            [value("a", "1"), file("f"), value("b", "2")]
        );
        assert_eq!(
            typed(&["--var-file=f", "--var-file", "g", "--var", "a=1"]),
            [file("f"), file("g"), value("a", "1")]
        );
    }

    #[test]
    fn the_environment_gives_what_begins_with_tf_var() {
        let vars = [
            ("TF_VAR_a", "1"),
            ("TF_VAR_", "x"),
            ("tf_var_b", "2"),
            ("PATH", "/bin"),
            ("TF_VAR_c", ""),
        ];
        let vars = vars.map(|(name, text)| (name.to_owned(), text.to_owned()));
        let names: Vec<String> = of_vars(vars.into_iter()).into_iter().map(|v| v.0).collect();
        assert_eq!(names, ["a", "", "c"]);
    }

    #[test]
    fn a_variable_without_a_value_is_refused() {
        let cases = [
            ("a=b", Some(("a", "b"))),
            ("a=b=c", Some(("a", "b=c"))),
            ("a=", Some(("a", ""))),
            (" a= b ", Some(("a", " b "))),
            ("a =b", None),
            ("a", None),
            ("=b", None),
        ];
        for (text, expected) in cases {
            let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
            assert_eq!(variable(text).ok(), expected, "{text}");
        }
    }
}
