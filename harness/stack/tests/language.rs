//! What a configuration may say, and what it means.

#![expect(
    clippy::unwrap_used,
    reason = "what a test needs to be there fails the test if it is not"
)]

mod common;

use common::{Memory, inputs, problems, read_text};
use zipster_stack::{Inputs, Output, Source};

/// The outputs, one a line.
fn outputs_with(text: &str, inputs: &Inputs<'_>) -> String {
    let stack = read_text(text, inputs);
    let lines = stack.outputs.iter().map(|(name, output)| match output {
        Output::Text(text) => format!("{name} = {text:?}"),
        Output::Json(text) if text.is_sensitive() => format!("{name} = {text:?}"),
        Output::Json(text) => format!("{name} = {}", text.expose()),
        Output::KnownAfterApply => format!("{name} = (known after apply)"),
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn outputs(text: &str) -> String {
    outputs_with(text, &inputs())
}

#[test]
fn instances_of_count_and_for_each_are_referred_to_by_key() {
    insta::assert_snapshot!(outputs(
        r#"
        resource "aws_sns_topic" "counted" {
          count = 2
          name  = "counted-${count.index}"
        }
        resource "aws_sns_topic" "named" {
          for_each = toset(["b", "a"])
          name     = "named-${each.value}"
        }
        resource "aws_sns_topic" "maybe" {
          count = false ? 1 : 0
          name  = "maybe"
        }
        output "counted" { value = aws_sns_topic.counted[*].name }
        output "first"   { value = aws_sns_topic.counted[0].name }
        output "maybe"   { value = one(aws_sns_topic.maybe[*].arn) == null }
        output "named"   { value = { for key, topic in aws_sns_topic.named : key => topic.name } }
        output "values"  { value = values(aws_sns_topic.named)[*].name }
        "#
    ), @r#"
    counted = ["counted-0","counted-1"]
    first = "counted-0"
    maybe = "true"
    named = {"a":"named-a","b":"named-b"}
    values = ["named-a","named-b"]
    "#);
}

#[test]
fn computed_attributes_are_formed_as_aws_forms_them() {
    insta::assert_snapshot!(outputs(
        r#"
        data "aws_caller_identity" "me" {}
        data "aws_region" "here" {}
        data "aws_partition" "here" {}
        resource "aws_s3_bucket" "b" { bucket = "my-bucket" }
        resource "aws_sqs_queue" "q" { name = "q" }
        resource "aws_iam_role" "r" {
          name               = "r"
          path               = "/team/"
          assume_role_policy = "{}"
        }
        resource "aws_lambda_function" "f" {
          function_name = "f"
          role          = aws_iam_role.r.arn
          runtime       = "provided.al2023"
          handler       = "bootstrap"
          filename      = "f.zip"
        }
        output "bucket" { value = [aws_s3_bucket.b.id, aws_s3_bucket.b.bucket_regional_domain_name] }
        output "data"   { value = [data.aws_caller_identity.me.account_id, data.aws_region.here.region, data.aws_partition.here.dns_suffix] }
        output "function" { value = [aws_lambda_function.f.invoke_arn, aws_lambda_function.f.memory_size, aws_lambda_function.f.architectures[0]] }
        output "queue"  { value = [aws_sqs_queue.q.id, aws_sqs_queue.q.arn] }
        output "role"   { value = aws_iam_role.r.arn }
        output "unknown" { value = aws_iam_role.r.unique_id }
        "#
    ), @r#"
    bucket = ["my-bucket","my-bucket.s3.eu-central-1.amazonaws.com"]
    data = ["123456789012","eu-central-1","amazonaws.com"]
    function = ["arn:aws:apigateway:eu-central-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-central-1:123456789012:function:f/invocations",128,"x86_64"]
    queue = ["https://sqs.eu-central-1.amazonaws.com/123456789012/q","arn:aws:sqs:eu-central-1:123456789012:q"]
    role = "arn:aws:iam::123456789012:role/team/r"
    unknown = (known after apply)
    "#);
}

#[test]
fn values_come_from_the_command_line_then_files_then_defaults() {
    let text = r#"
        variable "a" { default = "default" }
        variable "b" { default = "default" }
        variable "c" {
          type    = list(object({ name = string, size = optional(number, 1) }))
          default = []
        }
        variable "d" {
          type     = string
          default  = "not null"
          nullable = false
        }
        output "all" { value = [var.a, var.b, var.c, var.d] }
    "#;
    let inputs = inputs()
        .with_variable_file(Source::new(
            "a.tfvars",
            "a = \"first\"\nb = \"first\"\nd = null",
        ))
        .with_variable_file(Source::new("b.tfvars", "b = \"second\""))
        .with_variable("a", "command line")
        .with_variable("c", r#"[{ name = 5 }, { name = "x", size = "2" }]"#);
    insta::assert_snapshot!(
        outputs_with(text, &inputs),
        @r#"all = ["command line","second",[{"name":"5","size":1},{"name":"x","size":2}],"not null"]"#
    );
}

#[test]
fn what_is_made_of_secrets_is_secret() {
    let text = r#"
        variable "password" {
          sensitive = true
          default   = "hunter2"
        }
        locals { settings = { user = "me", password = var.password } }
        output "user" { value = local.settings.user }
        output "url" {
          value     = "mysql://me:${local.settings.password}@db"
          sensitive = true
        }
        output "json" {
          value     = [upper(jsonencode(local.settings))]
          sensitive = true
        }
        output "length" { value = length(local.settings) }
        output "shown"  { value = nonsensitive(var.password) }
    "#;
    insta::assert_snapshot!(outputs(text), @r#"
    json = "(sensitive value)"
    length = "2"
    shown = "hunter2"
    url = "(sensitive value)"
    user = "me"
    "#);
}

#[test]
fn dynamic_blocks_are_made_of_collections() {
    let stack = read_text(
        r#"
        resource "aws_s3_bucket_notification" "n" {
          bucket = "my-bucket"
          dynamic "queue" {
            for_each = { logs = ".log", data = ".csv" }
            iterator = target
            content {
              id            = target.key
              queue_arn     = "arn:aws:sqs:eu-central-1:123456789012:${target.key}"
              events        = ["s3:ObjectCreated:*"]
              filter_suffix = target.value
            }
          }
        }
        "#,
        &inputs(),
    );
    let notification = stack.bucket_notifications().next().unwrap();
    let queues: Vec<String> = notification
        .queues
        .iter()
        .map(|queue| format!("{} {:?}", queue.destination.resource(), queue.suffix))
        .collect();
    assert_eq!(queues, ["data Some(\".csv\")", "logs Some(\".log\")"]);
}

#[test]
fn files_are_read_through_the_caller() {
    let files = Memory::default()
        .with(
            "policy.tftpl",
            "%{ for n in names ~}\n<${n}>\n%{ endfor ~}\n${kind}",
        )
        .with("a.txt", "hello")
        .with("sub/b.txt", "x");
    let inputs = inputs().with_files(&files);
    insta::assert_snapshot!(outputs_with(
        r#"
        output "template" { value = templatefile("${path.module}/policy.tftpl", { names = ["a", "b"], kind = "k" }) }
        output "hash"     { value = filebase64sha256("a.txt") }
        output "absent"   { value = fileexists("b.zip") ? filebase64sha256("b.zip") : null }
        output "paths"    { value = [path.module, path.root, path.cwd, abspath("x/../y")] }
        output "set"      { value = fileset("sub", "*.txt") }
        "#,
        &inputs,
    ), @r#"
    absent = null
    hash = "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="
    paths = [".",".","/project/terraform","/project/terraform/y"]
    set = ["b.txt"]
    template = "<a>\n<b>\nk"
    "#);
}

#[test]
fn what_is_not_emulated_is_listed_and_the_rest_still_works() {
    let stack = read_text(
        r#"
        resource "aws_kms_key" "key" { description = "topics" }
        resource "aws_db_instance" "db" {
          instance_class = "db.t4g.micro"
          port           = 3306
        }
        resource "aws_sns_topic" "t" {
          name              = "t"
          kms_master_key_id = aws_kms_key.key.arn
        }
        resource "aws_lambda_function" "f" {
          function_name = "f"
          role          = "arn:aws:iam::123456789012:role/r"
          runtime       = "provided.al2023"
          handler       = "bootstrap"
          filename      = "f.zip"
          environment {
            variables = {
              HOST = aws_db_instance.db.address
              PORT = aws_db_instance.db.port
            }
          }
          tracing_config { mode = "Active" }
        }
        "#,
        &inputs(),
    );
    let function = stack.functions().next().unwrap();
    assert_eq!(function.environment["HOST"].expose(), None);
    assert_eq!(function.environment["PORT"].expose(), Some("3306"));
    let listed: Vec<String> = stack
        .not_emulated
        .iter()
        .map(|left_out| {
            let attribute = left_out.attribute.as_deref().unwrap_or("*");
            format!("{} {attribute}: {}", left_out.address, left_out.reason)
        })
        .collect();
    insta::assert_snapshot!(listed.join("\n"), @r"
    aws_kms_key.key *: a local stack does not encrypt what it keeps
    aws_db_instance.db *: the database of a local stack is not made by Terraform
    aws_sns_topic.t kms_master_key_id: a local stack does not encrypt what it keeps
    aws_lambda_function.f tracing_config: a local stack has no X-Ray
    ");
}

#[test]
fn names_that_aws_makes_up_are_the_same_every_time() {
    let text = r#"
        resource "aws_s3_bucket" "b" { bucket_prefix = "logs-" }
        resource "aws_sqs_queue" "q" {}
        output "names" { value = [aws_s3_bucket.b.bucket, aws_sqs_queue.q.name] }
    "#;
    insta::assert_snapshot!(outputs(text), @r#"names = ["logs-85305474508082139777223398","terraform-85926531101959292369429079"]"#);
}

#[test]
fn conditions_are_checked() {
    let text = r#"
        resource "aws_sns_topic" "t" {
          name = "t"
          lifecycle {
            precondition {
              condition     = 1 > 2
              error_message = "one is not more than two"
            }
            postcondition {
              condition     = self.name == "u"
              error_message = "the name is ${self.name}"
            }
          }
        }
    "#;
    insta::assert_snapshot!(problems(text, &inputs()), @r#"
    error: `aws_sns_topic.t`: one is not more than two
     --> main.tf:2:9
    2 |         resource "aws_sns_topic" "t" {
      |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    hint: the condition is at main.tf:6:31

    error: `aws_sns_topic.t`: the name is t
     --> main.tf:2:9
    2 |         resource "aws_sns_topic" "t" {
      |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    hint: the condition is at main.tf:10:31
    "#);
}

#[test]
fn the_provider_names_the_region_and_tags_everything() {
    let stack = read_text(
        r#"
        provider "aws" {
          region = "us-east-1"
          default_tags { tags = { team = "zip", stage = "dev" } }
        }
        resource "aws_sns_topic" "t" {
          name = "t"
          tags = { stage = "prod" }
        }
        output "tags" { value = aws_sns_topic.t.tags_all }
        "#,
        &inputs(),
    );
    assert_eq!(stack.region, "us-east-1");
    assert_eq!(
        stack.topics().next().unwrap().arn,
        "arn:aws:sns:us-east-1:123456789012:t"
    );
    assert_eq!(
        stack.output("tags"),
        Some(r#"{"stage":"prod","team":"zip"}"#)
    );
}

#[test]
fn modules_are_instances_with_addresses_of_their_own() {
    let files = Memory::default().with(
        "modules/bucket/main.tf",
        r#"
            variable "name" { type = string }
            variable "topic_arn" {}
            resource "aws_s3_bucket" "this" { bucket = var.name }
            resource "aws_s3_bucket_notification" "this" {
              bucket = aws_s3_bucket.this.id
              topic {
                topic_arn = var.topic_arn
                events    = ["s3:ObjectCreated:*"]
              }
            }
            output "arn" { value = aws_s3_bucket.this.arn }
            output "path" { value = path.module }
            "#,
    );
    let inputs = inputs().with_files(&files);
    let text = r#"
        module "bucket" {
          source    = "./modules/bucket"
          for_each  = toset(["one", "two"])
          name      = "bucket-${each.key}"
          topic_arn = aws_sns_topic.t.arn
        }
        resource "aws_sns_topic" "t" { name = "t" }
        resource "aws_sns_topic" "after" {
          name       = "after"
          depends_on = [module.bucket]
        }
        output "arns" { value = { for key, bucket in module.bucket : key => bucket.arn } }
        output "path" { value = module.bucket["one"].path }
    "#;
    insta::assert_snapshot!(outputs_with(text, &inputs), @r#"
    arns = {"one":"arn:aws:s3:::bucket-one","two":"arn:aws:s3:::bucket-two"}
    path = "modules/bucket"
    "#);
    let stack = read_text(text, &inputs);
    let order: Vec<String> = stack
        .order()
        .map(|resource| format!("{} {}", resource.address, resource.place))
        .collect();
    insta::assert_snapshot!(order.join("\n"), @r#"
    aws_sns_topic.t main.tf:8:9
    module.bucket["one"].aws_s3_bucket.this modules/bucket/main.tf:4:13
    module.bucket["two"].aws_s3_bucket.this modules/bucket/main.tf:4:13
    module.bucket["one"].aws_s3_bucket_notification.this modules/bucket/main.tf:5:13
    module.bucket["two"].aws_s3_bucket_notification.this modules/bucket/main.tf:5:13
    aws_sns_topic.after main.tf:9:9
    "#);
}

#[test]
fn an_archive_is_known_by_its_path_and_its_digest_after_apply() {
    insta::assert_snapshot!(outputs(
        r#"
        data "archive_file" "one" {
          type        = "zip"
          source_file = "target/load/bootstrap"
          output_path = "target/load/bootstrap.zip"
        }
        output "path"   { value = data.archive_file.one.output_path }
        output "digest" { value = data.archive_file.one.output_base64sha256 }
        "#
    ), @r#"
    digest = (known after apply)
    path = "target/load/bootstrap.zip"
    "#);
}

#[test]
fn an_archive_has_one_source() {
    insta::assert_snapshot!(problems(
        r#"
        data "archive_file" "none" {
          type        = "rar"
          output_path = "a.zip"
        }
        data "archive_file" "two" {
          type        = "zip"
          source_file = "a"
          source_dir  = "b"
          output_path = "a.zip"
        }
        data "archive_file" "nameless" {
          type           = "zip"
          source_content = "a"
          output_path    = "a.zip"
        }
        "#,
        &inputs(),
    ), @r#"
    error: `type` cannot be "rar"
     --> main.tf:3:25
    3 |           type        = "rar"
      |                         ^^^^^
    hint: there are: zip, tar.gz

    error: `data.archive_file.none` has no source
     --> main.tf:3:25
    3 |           type        = "rar"
      |                         ^^^^^
    hint: say one of `source_file`, `source_dir`, `source_content` or `source` blocks

    error: `source_file` conflicts with `source_dir`
     --> main.tf:8:25
    8 |           source_file = "a"
      |                         ^^^

    error: `source_content` needs `source_content_filename`
      --> main.tf:14:28
    14 |           source_content = "a"
       |                            ^^^
    "#);
}
