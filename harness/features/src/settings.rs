//! What a run of the features is told through its environment: cargo's own command line has no
//! room for it.

use std::ffi::OsString;
use std::path::PathBuf;

/// Where the features run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetKind {
    /// In emulators in this process.
    Embedded,
    /// On LocalStack in containers, or on what answers in its place.
    LocalStack,
    /// On a stack that `terraform apply` has made.
    Aws,
}

impl TargetKind {
    /// The word for it in tags and on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::LocalStack => "localstack",
            Self::Aws => "aws",
        }
    }

    /// Why a scenario with these tags does not run here: `@embedded-only:<reason>` keeps it from
    /// all other targets, `@not-on-<target>:<reason>` from that one.
    #[must_use]
    pub fn excludes<'a>(self, tags: impl IntoIterator<Item = &'a str>) -> Option<String> {
        let not_here = format!("not-on-{}", self.as_str());
        tags.into_iter().find_map(|tag| {
            let (word, reason) = tag.split_once(':').unwrap_or((tag, "no reason given"));
            let excluded = word == not_here || (word == "embedded-only" && self != Self::Embedded);
            excluded.then(|| reason.replace('-', " "))
        })
    }
}

/// One run.
#[derive(Debug, Clone)]
pub struct RunSettings {
    /// `ZIPSTER_TARGET`: `embedded` unless it says otherwise.
    pub target: TargetKind,
    /// `ZIPSTER_OUTPUTS`: a file with what `terraform output -json` printed.
    pub outputs: Option<PathBuf>,
    /// `ZIPSTER_ENDPOINT`: what runs already, in the place of LocalStack in containers.
    pub endpoint: Option<String>,
    /// `ZIPSTER_FUNCTIONS_DATABASE`: host and port at which functions there reach the database.
    pub functions_database: Option<(String, u16)>,
    /// `ZIPSTER_PACKAGED`: whether the packages in `target/lambda` are taken as they are.
    pub packaged: bool,
    /// `ZIPSTER_OBSERVATIONS`: where to write down what could be seen.
    pub observations: Option<PathBuf>,
    /// `ZIPSTER_DECISIONS`: where to write down the calls that functions' roles made, and what was
    /// decided on each. For the embedded target.
    pub decisions: Option<PathBuf>,
    /// `ZIPSTER_JUNIT`: where to write the results as JUnit's XML.
    pub junit: Option<PathBuf>,
    /// `ZIPSTER_TERRAFORM`: a folder whose stack is made in place of that in `terraform/`. For the
    /// embedded target.
    pub terraform: Option<PathBuf>,
    /// A program that misbehaves as a function.
    pub unruly: PathBuf,
}

impl RunSettings {
    /// Reads the environment.
    ///
    /// # Errors
    /// What a variable says that makes no sense.
    pub fn from_variables(
        variable: impl Fn(&str) -> Option<OsString>,
        unruly: PathBuf,
    ) -> Result<Self, String> {
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        let target = match variable("ZIPSTER_TARGET") {
            None => TargetKind::Embedded,
            Some(word) if word == "embedded" => TargetKind::Embedded,
            Some(word) if word == "localstack" => TargetKind::LocalStack,
            Some(word) if word == "aws" => TargetKind::Aws,
            Some(word) => {
                return Err(format!(
                    "ZIPSTER_TARGET is {word:?}; the targets are embedded, localstack and aws"
                ));
            }
        };
        let functions_database = variable("ZIPSTER_FUNCTIONS_DATABASE")
            .map(|address| {
                let address = address.to_string_lossy();
                let (host, port) = address.rsplit_once(':')?;
                Some((host.to_owned(), port.parse().ok()?))
            })
            .map(|address| address.ok_or("ZIPSTER_FUNCTIONS_DATABASE is not host:port"))
            .transpose()?;
        for name in ["ZIPSTER_DECISIONS", "ZIPSTER_TERRAFORM"] {
            if target != TargetKind::Embedded && variable(name).is_some() {
                return Err(format!("{name} is for the embedded target"));
            }
        }
        Ok(Self {
            target,
            decisions: variable("ZIPSTER_DECISIONS").map(PathBuf::from),
            terraform: variable("ZIPSTER_TERRAFORM").map(PathBuf::from),
            junit: variable("ZIPSTER_JUNIT").map(PathBuf::from),
            endpoint: variable("ZIPSTER_ENDPOINT").map(|url| url.to_string_lossy().into_owned()),
            functions_database,
            packaged: variable("ZIPSTER_PACKAGED").is_some(),
            observations: variable("ZIPSTER_OBSERVATIONS").map(PathBuf::from),
            outputs: variable("ZIPSTER_OUTPUTS").map(PathBuf::from),
            unruly,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_say_where_a_scenario_does_not_run_and_why() {
        let only = ["embedded-only:reads-the-journal"];
        assert_eq!(TargetKind::Embedded.excludes(only), None);
        assert_eq!(
            TargetKind::Aws.excludes(only).as_deref(),
            Some("reads the journal")
        );
        let not_on_aws = ["slow", "not-on-aws:costs-money"];
        assert_eq!(TargetKind::Embedded.excludes(not_on_aws), None);
        assert_eq!(
            TargetKind::Aws.excludes(not_on_aws).as_deref(),
            Some("costs money")
        );
    }

    #[test]
    fn an_unknown_target_is_said() {
        let read = |word: &'static str| {
            RunSettings::from_variables(
                move |name| (name == "ZIPSTER_TARGET").then(|| word.into()),
                PathBuf::new(),
            )
        };
        assert_eq!(read("aws").unwrap().target, TargetKind::Aws);
        assert_eq!(read("localstack").unwrap().target, TargetKind::LocalStack);
        assert_eq!(read("").unwrap().target, TargetKind::Embedded);
        assert!(read("azure").unwrap_err().contains("azure"));
    }

    #[test]
    fn what_only_the_embedded_target_has_is_not_asked_of_another() {
        let read = |target: &'static str| {
            RunSettings::from_variables(
                move |name| match name {
                    "ZIPSTER_TARGET" => Some(target.into()),
                    "ZIPSTER_DECISIONS" => Some("decisions.json".into()),
                    _ => None,
                },
                PathBuf::new(),
            )
        };
        assert!(read("embedded").unwrap().decisions.is_some());
        let refusal = read("localstack").unwrap_err();
        assert_eq!(refusal, "ZIPSTER_DECISIONS is for the embedded target");
    }
}
