//! The names that Terraform's outputs give: the same for every target.

use serde::Serialize;
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
}

impl Outputs {
    /// Takes the outputs of a stack as read.
    ///
    /// # Errors
    /// [`TargetError::Unfit`] naming all that are missing or not known.
    pub fn of(stack: &Stack) -> Result<Self, TargetError> {
        let mut missing = Vec::new();
        let mut take = |name: &'static str| {
            stack.output(name).map(str::to_owned).unwrap_or_else(|| {
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
        };
        if missing.is_empty() {
            Ok(outputs)
        } else {
            Err(TargetError::Unfit(format!(
                "has no output {}; the harness finds the pipeline by its outputs",
                missing.join(", ")
            )))
        }
    }
}
