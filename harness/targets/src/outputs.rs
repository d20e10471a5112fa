//! The names that Terraform's outputs give: the same for every target.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use zipster_stack::Stack;

use crate::TargetError;

/// What `terraform output` says of a deployed pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outputs {
    /// Where files of zip codes are put.
    pub input_bucket: String,
    /// Where load files wait to be loaded.
    pub load_bucket: String,
    /// Where error files are written.
    pub error_bucket: String,
    /// The topic on which transform announces its steps.
    pub transform_topic_arn: String,
    /// The topic on which load announces its steps.
    pub load_topic_arn: String,
    /// The name of the transform function.
    pub transform_function: String,
    /// The name of the load function.
    pub load_function: String,
    /// The URL of the queue that takes the events that transform gave up.
    pub transform_dead_letters_url: String,
    /// The URL of the queue that takes the events that load gave up.
    pub load_dead_letters_url: String,
    /// The account that it all belongs to.
    pub account_id: String,
    /// The region that it all is in.
    pub region: String,
}

impl Outputs {
    /// Takes the outputs of a stack as read.
    ///
    /// # Errors
    /// [`TargetError::Unfit`] naming all that are missing or not known.
    pub fn of(stack: &Stack) -> Result<Self, TargetError> {
        Self::from_values(|name| stack.output(name).map(str::to_owned)).map_err(|missing| {
            TargetError::Unfit(format!(
                "has no output {}; the harness finds the pipeline by its outputs",
                missing.join(", ")
            ))
        })
    }

    /// Takes what `terraform output -json` prints.
    ///
    /// # Errors
    /// What is wrong with it, a line each.
    pub fn from_json(text: &str) -> Result<Self, Vec<String>> {
        let outputs: BTreeMap<String, JsonOutput> = serde_json::from_str(text)
            .map_err(|error| vec![format!("they are not what terraform prints: {error}")])?;
        let value = |name: &str| Some(outputs.get(name)?.value.as_str()?.to_owned());
        Self::from_values(value).map_err(|missing| {
            missing
                .into_iter()
                .map(|name| format!("there is no output {name}"))
                .collect()
        })
    }

    /// As `terraform output -json` prints them.
    ///
    /// # Panics
    /// Never: names and text are JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        let values = serde_json::to_value(self).expect("names and text are JSON");
        let outputs: serde_json::Map<String, serde_json::Value> = values
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, value)| {
                let output = serde_json::json!({
                    "sensitive": false, "type": "string", "value": value,
                });
                (name.clone(), output)
            })
            .collect();
        serde_json::Value::Object(outputs).to_string()
    }

    fn from_values(
        value: impl Fn(&'static str) -> Option<String>,
    ) -> Result<Self, Vec<&'static str>> {
        let mut missing = Vec::new();
        let mut take = |name: &'static str| {
            value(name).unwrap_or_else(|| {
                missing.push(name);
                String::new()
            })
        };
        let outputs = Self {
            input_bucket: take("input_bucket"),
            load_bucket: take("load_bucket"),
            error_bucket: take("error_bucket"),
            transform_topic_arn: take("transform_topic_arn"),
            load_topic_arn: take("load_topic_arn"),
            transform_function: take("transform_function"),
            load_function: take("load_function"),
            transform_dead_letters_url: take("transform_dead_letters_url"),
            load_dead_letters_url: take("load_dead_letters_url"),
            account_id: take("account_id"),
            region: take("region"),
        };
        if missing.is_empty() {
            Ok(outputs)
        } else {
            Err(missing)
        }
    }

    /// The names of the functions, `transform` first.
    #[must_use]
    pub fn functions(&self) -> [&str; 2] {
        [&self.transform_function, &self.load_function]
    }

    /// The topics on which the functions announce their steps.
    #[must_use]
    pub fn topics(&self) -> [&str; 2] {
        [&self.transform_topic_arn, &self.load_topic_arn]
    }
}

/// One output in `terraform output -json`.
#[derive(Deserialize)]
struct JsonOutput {
    value: serde_json::Value,
}

#[cfg(test)]
mod tests {
    use super::Outputs;

    #[test]
    fn everything_that_is_missing_is_named_at_once() {
        let missing = Outputs::from_json(r#"{"region": {"value": "eu-west-1"}}"#).unwrap_err();
        assert_eq!(missing.len(), 10, "{missing:?}");
        assert!(missing.contains(&"there is no output account_id".to_owned()));
        let unreadable = Outputs::from_json("{").unwrap_err();
        assert_eq!(unreadable.len(), 1, "{unreadable:?}");
    }
}
