//! Steps, grouped by what they speak of.

#![expect(
    clippy::needless_pass_by_value,
    reason = "cucumber hands the words of a step over by value"
)]

mod access;
mod database;
mod faults;
mod files;
mod limits;
mod logs;
mod notices;
mod subscribers;

use aws_sdk_lambda::operation::get_function_configuration::GetFunctionConfigurationOutput;
use cucumber::gherkin::Step;
use zipster_targets::pipeline::FunctionName;

use crate::world::PipelineWorld;

/// Which function a step speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, cucumber::Parameter)]
#[param(name = "function", regex = "transform|load")]
pub enum Function {
    /// Checks and normalises.
    Transform,
    /// Loads into the database.
    Load,
}

impl std::str::FromStr for Function {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "transform" => Ok(Self::Transform),
            "load" => Ok(Self::Load),
            other => Err(format!("no function is called {other:?}")),
        }
    }
}

impl Function {
    /// The word for it in features and notices.
    fn as_str(self) -> &'static str {
        match self {
            Self::Transform => "transform",
            Self::Load => "load",
        }
    }

    /// Its name in the stack.
    fn name(self, world: &PipelineWorld) -> String {
        let outputs = world.pipeline().outputs();
        match self {
            Self::Transform => outputs.transform_function.clone(),
            Self::Load => outputs.load_function.clone(),
        }
    }

    /// Its configuration, as Lambda knows it.
    async fn configuration(
        self,
        world: &PipelineWorld,
    ) -> Result<GetFunctionConfigurationOutput, String> {
        let lambda = &world.pipeline().clients().lambda;
        let get = lambda.get_function_configuration();
        let answer = get.function_name(self.name(world)).send().await;
        answer.map_err(|error| format!("{error:?}"))
    }

    /// The ARN of the topic on which it announces its steps.
    fn topic(self, world: &PipelineWorld) -> String {
        let outputs = world.pipeline().outputs();
        match self {
            Self::Transform => outputs.transform_topic_arn.clone(),
            Self::Load => outputs.load_topic_arn.clone(),
        }
    }
}

impl From<Function> for FunctionName {
    fn from(function: Function) -> Self {
        match function {
            Function::Transform => Self::Transform,
            Function::Load => Self::Load,
        }
    }
}

/// A step's doc string as a file's text: without the newline that the feature's layout puts first.
fn text_of(step: &Step) -> Result<String, String> {
    let text = step
        .docstring
        .as_ref()
        .ok_or("the step needs a text between triple quotes")?;
    let text = text.strip_prefix('\n').unwrap_or(text);
    let text = text.strip_suffix('\n').unwrap_or(text);
    Ok(format!("{text}\n"))
}

/// A step's table as rows of `(column, cell)`.
fn rows_of(step: &Step) -> Result<Vec<Vec<(&str, &str)>>, String> {
    let table = step.table.as_ref().ok_or("the step needs a table")?;
    let (header, rows) = table.rows.split_first().ok_or("the table has no header")?;
    Ok(rows
        .iter()
        .map(|row| {
            header
                .iter()
                .map(String::as_str)
                .zip(row.iter().map(String::as_str))
                .collect()
        })
        .collect())
}
