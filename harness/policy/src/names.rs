//! From what a call was made on to what a policy names.
//!
//! An object's key and a log stream's name come and go; the bucket and the group are what the stack
//! knows. So the pattern is the smallest that the stack's own names allow: all objects of a bucket,
//! all of a log group. What the stack has no name for stays as it was seen.

use std::collections::BTreeMap;

use zipster_names::Arn;
use zipster_stack::Stack;

/// The names of a stack that have others within them.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// How the ARN of what lies within begins, and the pattern of all that does.
    within: BTreeMap<String, String>,
}

impl Names {
    /// The names in `stack`.
    #[must_use]
    pub fn of(stack: &Stack) -> Self {
        let mut within = BTreeMap::new();
        for bucket in stack.buckets() {
            within.insert(format!("{}/", bucket.arn), format!("{}/*", bucket.arn));
        }
        // `:*` is how CloudWatch Logs itself writes a group's ARN for policies, and how Terraform's
        // documentation does.
        let mut group = |arn: &Arn| within.insert(format!("{arn}:"), format!("{arn}:*"));
        for declared in stack.log_groups() {
            group(&declared.arn);
        }
        // The group that Lambda makes where the stack has none.
        for function in stack.functions() {
            let name = format!("/aws/lambda/{}", function.name);
            if let (Ok(name), Some(region), Some(account)) =
                (name.parse(), function.arn.region(), function.arn.account())
            {
                group(&Arn::log_group(region, account, &name));
            }
        }
        Self { within }
    }

    /// The pattern for `resource`, as a policy writes it.
    #[must_use]
    pub fn pattern(&self, resource: &str) -> String {
        let mut containers = self.within.iter();
        let container = containers.find(|(start, _)| resource.starts_with(start.as_str()));
        match container {
            Some((_, pattern)) => pattern.clone(),
            // An action that is about no resource, or on one that no policy can name: a phone
            // number.
            None if !resource.starts_with("arn:") => "*".to_owned(),
            // One that is about all of the account's buckets.
            None if resource.ends_with(":::*") => resource.to_owned(),
            None => literally(resource),
        }
    }
}

/// A name in which `*`, `?` and `$` mean themselves.
fn literally(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for character in name.chars() {
        match character {
            '*' | '?' | '$' => text.extend(['$', '{', character, '}']),
            other => text.push(other),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grants::tests::stack;

    #[test]
    fn a_resource_becomes_the_smallest_pattern_that_the_stack_has_a_name_for() {
        let names = Names::of(&stack(
            r#"
            resource "aws_s3_bucket" "input" {
              bucket = "input"
            }
            resource "aws_s3_bucket" "more" {
              bucket = "input-more"
            }
            resource "aws_sns_topic" "steps" {
              name = "steps"
            }
            resource "aws_cloudwatch_log_group" "f" {
              name = "/aws/lambda/f"
            }
            resource "aws_cloudwatch_log_group" "f2" {
              name = "/aws/lambda/f2"
            }
            "#,
        ));
        let cases = [
            ("arn:aws:s3:::input/a/b.csv", "arn:aws:s3:::input/*"),
            ("arn:aws:s3:::input", "arn:aws:s3:::input"),
            ("arn:aws:s3:::input-more/a", "arn:aws:s3:::input-more/*"),
            ("arn:aws:s3:::elsewhere/a", "arn:aws:s3:::elsewhere/a"),
            (
                "arn:aws:s3:::elsewhere/*$",
                "arn:aws:s3:::elsewhere/${*}${$}",
            ),
            ("arn:aws:s3:::*", "arn:aws:s3:::*"),
            ("*", "*"),
            ("+15555550100", "*"),
            (
                "arn:aws:sns:us-east-1:123456789012:steps",
                "arn:aws:sns:us-east-1:123456789012:steps",
            ),
            (
                "arn:aws:sqs:us-east-1:123456789012:letters",
                "arn:aws:sqs:us-east-1:123456789012:letters",
            ),
            (
                "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/f:log-stream:2026/[$LATEST]a",
                "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/f:*",
            ),
            (
                "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/f2:log-stream:",
                "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/f2:*",
            ),
            (
                "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-AbCdEf",
                "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-AbCdEf",
            ),
        ];
        for (resource, pattern) in cases {
            assert_eq!(names.pattern(resource), pattern);
        }
    }
}
