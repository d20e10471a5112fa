//! `aws_iam_policy_document`, as the AWS provider renders it.

#![expect(
    clippy::unwrap_used,
    reason = "what a test needs to be there fails the test if it is not"
)]

mod common;

use common::{inputs, problems, read_text};

#[track_caller]
fn json(documents: &str) -> String {
    let text =
        format!("{documents}\noutput \"json\" {{ value = data.aws_iam_policy_document.d.json }}");
    read_text(&text, &inputs())
        .output("json")
        .unwrap()
        .to_owned()
}

#[test]
fn a_document_is_rendered_with_lists_of_one_collapsed() {
    insta::assert_snapshot!(json(
        r#"
        data "aws_iam_policy_document" "d" {
          policy_id = "p"
          statement {
            sid       = "One"
            actions   = ["s3:GetObject"]
            resources = ["arn:aws:s3:::b/&{aws:username}/*", "arn:aws:s3:::a"]
            principals {
              type        = "AWS"
              identifiers = ["arn:aws:iam::123456789012:root"]
            }
            principals {
              type        = "Service"
              identifiers = ["sns.amazonaws.com", "s3.amazonaws.com"]
            }
            condition {
              test     = "StringEquals"
              variable = "aws:SourceAccount"
              values   = ["123456789012"]
            }
            condition {
              test     = "StringEquals"
              variable = "aws:x"
              values   = ["b", "a"]
            }
          }
          statement {
            effect      = "Deny"
            not_actions = ["s3:*", "sns:*"]
            resources   = ["*"]
            principals {
              type        = "*"
              identifiers = ["*"]
            }
          }
        }
        "#
    ), @r#"
    {
      "Version": "2012-10-17",
      "Id": "p",
      "Statement": [
        {
          "Sid": "One",
          "Effect": "Allow",
          "Action": "s3:GetObject",
          "Resource": [
            "arn:aws:s3:::b/${aws:username}/*",
            "arn:aws:s3:::a"
          ],
          "Principal": {
            "AWS": "arn:aws:iam::123456789012:root",
            "Service": [
              "sns.amazonaws.com",
              "s3.amazonaws.com"
            ]
          },
          "Condition": {
            "StringEquals": {
              "aws:SourceAccount": "123456789012",
              "aws:x": [
                "b",
                "a"
              ]
            }
          }
        },
        {
          "Effect": "Deny",
          "NotAction": [
            "sns:*",
            "s3:*"
          ],
          "Resource": "*",
          "Principal": "*"
        }
      ]
    }
    "#);
}

#[test]
fn documents_are_merged_by_sid() {
    insta::assert_snapshot!(json(
        r#"
        data "aws_iam_policy_document" "base" {
          statement {
            sid       = "Read"
            actions   = ["s3:GetObject"]
            resources = ["*"]
          }
          statement {
            actions   = ["s3:ListBucket"]
            resources = ["*"]
          }
        }
        data "aws_iam_policy_document" "d" {
          source_policy_documents   = [data.aws_iam_policy_document.base.json]
          override_policy_documents = [jsonencode({
            Statement = { Sid = "Read", Effect = "Deny", Action = "s3:*", Resource = "*" }
          })]
          statement {
            sid       = "Write"
            actions   = ["s3:PutObject"]
            resources = ["<&>"]
          }
        }
        "#
    ), @r#"
    {
      "Version": "2012-10-17",
      "Statement": [
        {
          "Sid": "Read",
          "Effect": "Deny",
          "Action": "s3:*",
          "Resource": "*"
        },
        {
          "Effect": "Allow",
          "Action": "s3:ListBucket",
          "Resource": "*"
        },
        {
          "Sid": "Write",
          "Effect": "Allow",
          "Action": "s3:PutObject",
          "Resource": "\u003c\u0026\u003e"
        }
      ]
    }
    "#);
}

#[test]
fn what_is_not_known_makes_the_whole_document_unknown() {
    let text = r#"
        resource "aws_eip" "k" {}
        data "aws_iam_policy_document" "d" {
          statement {
            actions   = ["kms:Decrypt"]
            resources = [aws_eip.k.arn]
          }
        }
        resource "aws_iam_role_policy" "p" {
          name   = "p"
          role   = "r"
          policy = data.aws_iam_policy_document.d.json
        }
    "#;
    insta::assert_snapshot!(problems(text, &inputs()), @r"
    error: `policy` is known only after apply
      --> main.tf:12:20
    12 |           policy = data.aws_iam_policy_document.d.json
       |                    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    hint: a local stack needs it now: give it a value that does not wait for AWS
    ");
}
