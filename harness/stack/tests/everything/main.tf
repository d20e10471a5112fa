# Every argument that the stack reader takes, each at least once with a value that is not its default, in the forms that
# Terraform has for saying things. It makes no sense as a stack. `.ci/terraform` compares what the reader reads of it with
# what Terraform plans.

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.0"
    }
  }
}

provider "aws" {
  region = local.region

  default_tags {
    tags = merge(local.tags, { Made = "by default" })
  }
}

variable "days" {
  type = map(object({
    expire = optional(number)
    keep   = optional(number, 3)
  }))
  default = {
    a = { expire = 7 }
    b = { keep = "11" }
  }
}

variable "untyped" {
  default = { text = "a \"quoted\" <&> text", list = [1, "2", true] }
}

locals {
  region = "us-east-1"
  tags   = { Team = "zips", "odd key" = "ü" }
  queues = {
    for name, seconds in { plain = 60, "with-dashes" = 43200 } : name => seconds if seconds > 1
  }
  # A set, a splat, a conditional, a heredoc and functions inside one another.
  letters = sort(tolist(setunion(["b", "a"], toset([for letter in ["c", "a"] : upper(letter)]))))
  text    = <<-TEXT
    %{for letter in local.letters~}
    ${letter}=${format("%03d", index(local.letters, letter))}
    %{endfor~}
  TEXT
}

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

# Buckets

resource "aws_s3_bucket" "this" {
  for_each      = var.days
  bucket        = "everything-${each.key}-${data.aws_caller_identity.current.account_id}"
  force_destroy = each.key == "a"
  tags          = { Team = "of ${each.key}", Key = each.key }
}

resource "aws_s3_bucket_versioning" "this" {
  for_each = aws_s3_bucket.this
  bucket   = each.value.id

  versioning_configuration {
    status = each.key == "a" ? "Enabled" : "Suspended"
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  bucket                  = aws_s3_bucket.this["a"].bucket
  block_public_acls       = true
  ignore_public_acls      = "true"
  block_public_policy     = false
  restrict_public_buckets = 1 < 2
}

resource "aws_s3_bucket_ownership_controls" "this" {
  bucket = aws_s3_bucket.this["a"].id

  rule {
    object_ownership = "BucketOwnerPreferred"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  bucket                = aws_s3_bucket.this["a"].id
  expected_bucket_owner = data.aws_caller_identity.current.account_id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = "alias/aws/s3"
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  for_each = var.days
  bucket   = aws_s3_bucket.this[each.key].id

  dynamic "rule" {
    for_each = toset(["in/", "out/"])

    content {
      id     = "of-${trimsuffix(rule.value, "/")}"
      status = rule.key == "in/" ? "Enabled" : "Disabled"

      filter {
        prefix = rule.value
      }

      expiration {
        days                         = each.value.expire
        expired_object_delete_marker = each.value.expire == null
      }

      noncurrent_version_expiration {
        noncurrent_days = each.value.keep
      }

      abort_incomplete_multipart_upload {
        days_after_initiation = 2
      }
    }
  }

  rule {
    id     = "sizes"
    status = "Enabled"

    filter {
      object_size_greater_than = 1024
    }

    expiration {
      days = 1
    }
  }

  rule {
    id     = "small"
    status = "Enabled"

    filter {
      object_size_less_than = 10
    }

    expiration {
      expired_object_delete_marker = false
    }
  }

  rule {
    id     = "all of these"
    status = "Enabled"

    filter {
      and {
        prefix                   = "some/"
        object_size_greater_than = 1
        object_size_less_than    = 5 * 1024
      }
    }

    noncurrent_version_expiration {
      noncurrent_days = 2
    }
  }
}

resource "aws_s3_bucket_policy" "this" {
  bucket = aws_s3_bucket.this["a"].id
  policy = data.aws_iam_policy_document.everything.json
}

resource "aws_s3_bucket_notification" "this" {
  bucket = aws_s3_bucket.this["a"].id

  lambda_function {
    id                  = "function"
    lambda_function_arn = aws_lambda_function.this.arn
    events              = ["s3:ObjectRemoved:Delete", "s3:ObjectCreated:Put"]
    filter_prefix       = "in/"
    filter_suffix       = ".csv"
  }

  lambda_function {
    id                  = "other"
    lambda_function_arn = aws_lambda_function.this.arn
    events              = ["s3:ObjectCreated:*"]
    filter_prefix       = "other/"
  }

  queue {
    id            = "queue"
    queue_arn     = aws_sqs_queue.this["plain"].arn
    events        = ["s3:ObjectRemoved:*"]
    filter_prefix = "queue/"
  }

  topic {
    id            = "topic"
    topic_arn     = aws_sns_topic.this.arn
    events        = ["s3:ObjectCreated:Copy"]
    filter_suffix = ".txt"
  }
}

# Topics and queues

resource "aws_sns_topic" "this" {
  name              = "everything"
  display_name      = "Everything ${var.untyped.list[1]}"
  kms_master_key_id = "alias/aws/sns"
  policy            = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = "*", Action = ["sns:Publish", "sns:Subscribe"], Resource = "*" }] })
}

resource "aws_sns_topic" "fifo" {
  name                        = "everything.fifo"
  fifo_topic                  = true
  content_based_deduplication = true
  tags                        = { Order = "first in, first out" }
}

resource "aws_sns_topic_policy" "this" {
  arn    = aws_sns_topic.fifo.arn
  policy = data.aws_iam_policy_document.everything.json
}

resource "aws_sns_topic_subscription" "this" {
  topic_arn            = aws_sns_topic.this.arn
  protocol             = "sqs"
  endpoint             = aws_sqs_queue.this["plain"].arn
  raw_message_delivery = true
  filter_policy_scope  = "MessageBody"
  filter_policy        = jsonencode({ step = ["done", { prefix = "fail" }], n = [{ numeric = [">", 1.5] }], text = [var.untyped.text] })
  redrive_policy       = jsonencode({ deadLetterTargetArn = aws_sqs_queue.this["with-dashes"].arn })
}

resource "aws_sqs_queue" "this" {
  for_each                   = local.queues
  name                       = each.key
  visibility_timeout_seconds = each.value
  message_retention_seconds  = 3600 * 24
  delay_seconds              = 5
  receive_wait_time_seconds  = 20
  max_message_size           = pow(2, 11)
  sqs_managed_sse_enabled    = true
}

resource "aws_sqs_queue" "fifo" {
  name                        = "everything.fifo"
  fifo_queue                  = true
  content_based_deduplication = true
  tags                        = { for key, value in local.tags : upper(key) => value }
  policy                      = data.aws_iam_policy_document.trust.json

  redrive_policy = jsonencode({
    deadLetterTargetArn = "arn:${data.aws_partition.current.partition}:sqs:${local.region}:${data.aws_caller_identity.current.account_id}:dead.fifo"
    maxReceiveCount     = 4
  })
}

resource "aws_sqs_queue_policy" "this" {
  queue_url = aws_sqs_queue.this["plain"].id
  policy    = data.aws_iam_policy_document.everything.json
}

# Functions

resource "aws_lambda_function" "this" {
  function_name                  = "everything"
  description                    = local.text
  role                           = aws_iam_role.this.arn
  package_type                   = "Zip"
  filename                       = "${path.module}/packages/load/bootstrap.zip"
  source_code_hash               = filebase64sha256("${path.module}/packages/load/bootstrap.zip")
  runtime                        = "provided.al2"
  handler                        = "bootstrap"
  architectures                  = ["arm64"]
  timeout                        = 7
  memory_size                    = 1024
  reserved_concurrent_executions = 0

  ephemeral_storage {
    size = 1024
  }

  environment {
    variables = {
      TEXT   = var.untyped.text
      NUMBER = 1 / 3
      BOOL   = !false
      TOPIC  = aws_sns_topic.this.arn
      QUEUE  = aws_sqs_queue.this["plain"].url
      JSON   = jsonencode(var.untyped)
      HASH   = sha256(local.text)
      ESCAPE = "$${literal} %%{literal} \u00fc"
      DAYS   = join(",", [for name, days in var.days : "${name}=${coalesce(days.expire, days.keep)}"])
    }
  }

  dead_letter_config {
    target_arn = aws_sqs_queue.this["with-dashes"].arn
  }

  logging_config {
    log_format = "JSON"
    log_group  = aws_cloudwatch_log_group.this[1].name
  }

  tracing_config {
    mode = "Active"
  }

  tags = local.tags
}

resource "aws_lambda_permission" "this" {
  function_name  = aws_lambda_function.this.function_name
  statement_id   = "s3"
  action         = "lambda:InvokeFunction"
  principal      = "s3.amazonaws.com"
  source_arn     = aws_s3_bucket.this["a"].arn
  source_account = data.aws_caller_identity.current.account_id
}

resource "aws_lambda_permission" "qualified" {
  function_name = aws_lambda_function.this.function_name
  qualifier     = "live"
  statement_id  = "account"
  action        = "lambda:GetFunction"
  principal     = "123456789012"
}

resource "aws_lambda_function_event_invoke_config" "this" {
  function_name                = aws_lambda_function.this.function_name
  qualifier                    = "live"
  maximum_event_age_in_seconds = 60
  maximum_retry_attempts       = 0

  destination_config {
    on_success {
      destination = aws_sns_topic.this.arn
    }

    on_failure {
      destination = aws_sqs_queue.this["plain"].arn
    }
  }
}

resource "aws_lambda_event_source_mapping" "this" {
  event_source_arn                   = aws_sqs_queue.this["plain"].arn
  function_name                      = "${aws_lambda_function.this.function_name}:live"
  enabled                            = false
  batch_size                         = 100
  maximum_batching_window_in_seconds = 300
  function_response_types            = ["ReportBatchItemFailures"]
  tags                               = { Feeds = "the function" }

  filter_criteria {
    filter {
      pattern = jsonencode({ body = { state = ["CT", { prefix = "N" }] } })
    }
  }

  scaling_config {
    maximum_concurrency = 2
  }
}

resource "aws_lambda_event_source_mapping" "simple" {
  event_source_arn = aws_sqs_queue.fifo.arn
  function_name    = aws_lambda_function.this.function_name
}

# Roles

resource "aws_iam_role" "this" {
  name                 = "everything"
  path                 = "/zips/"
  description          = "Not kept"
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  max_session_duration = 7200
  tags                 = { Made = "by hand" }
  permissions_boundary = "arn:aws:iam::aws:policy/PowerUserAccess"
  managed_policy_arns  = ["arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws:iam::aws:policy/job-function/Billing"]

  inline_policy {
    name   = "inline"
    policy = data.aws_iam_policy_document.everything.json
  }
}

resource "aws_iam_role_policy" "this" {
  name   = "everything"
  role   = aws_iam_role.this.name
  policy = data.aws_iam_policy_document.merged.json
}

resource "aws_iam_policy" "this" {
  name   = "everything"
  path   = "/zips/"
  policy = data.aws_iam_policy_document.known.json
  tags   = local.tags
}

resource "aws_iam_role_policy_attachment" "this" {
  role       = aws_iam_role.this.id
  policy_arn = aws_iam_policy.this.arn
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com", "edgelambda.amazonaws.com"]
    }

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::123456789012:root"]
    }
  }
}

# Known before anything is made, so that the plan has all of it.
data "aws_iam_policy_document" "known" {
  version = "2012-10-17"

  statement {
    sid         = "NotThese"
    effect      = "Deny"
    not_actions = ["s3:GetObject", "s3:*Tagging"]
    resources   = ["*"]

    condition {
      test     = "StringLike"
      variable = "aws:PrincipalTag/Team"
      values   = ["b*", "a*"]
    }

    condition {
      test     = "StringLike"
      variable = "aws:username"
      values   = ["&{aws:username}-*"]
    }

    condition {
      test     = "NumericLessThan"
      variable = "s3:max-keys"
      values   = [10]
    }
  }

  statement {
    actions       = ["sqs:*"]
    not_resources = ["arn:aws:sqs:*:*:other"]
  }
}

data "aws_iam_policy_document" "everything" {
  policy_id = "everything"

  statement {
    sid       = "Some"
    actions   = ["s3:GetObject", "s3:ListBucket"]
    resources = concat([for bucket in aws_s3_bucket.this : bucket.arn], ["${aws_s3_bucket.this["a"].arn}/*"])

    principals {
      type        = "*"
      identifiers = ["*"]
    }
  }

  dynamic "statement" {
    for_each = aws_sqs_queue.this
    iterator = queue

    content {
      sid       = replace(title(queue.key), "-", "")
      actions   = ["sqs:SendMessage"]
      resources = [queue.value.arn]

      not_principals {
        type        = "AWS"
        identifiers = ["arn:aws:iam::123456789012:role/other"]
      }
    }
  }
}

data "aws_iam_policy_document" "merged" {
  source_policy_documents = [data.aws_iam_policy_document.known.json]

  override_policy_documents = [jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Sid = "NotThese", Effect = "Allow", Action = "s3:PutObject", Resource = aws_sns_topic.this.arn }]
  })]

  statement {
    sid       = "Own"
    actions   = ["logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.this[0].arn}:*"]
  }
}

# Secrets

resource "aws_secretsmanager_secret" "this" {
  name                           = "everything/secret"
  description                    = "Everything that a secret can be told."
  recovery_window_in_days        = 0
  force_overwrite_replica_secret = true
  policy                         = data.aws_iam_policy_document.secret.json
  tags                           = { Name = "everything" }
}

resource "aws_secretsmanager_secret_version" "this" {
  secret_id     = aws_secretsmanager_secret.this.id
  secret_string = jsonencode({ username = "everybody", password = "nothing" })
}

data "aws_iam_policy_document" "secret" {
  statement {
    actions   = ["secretsmanager:GetSecretValue"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = [aws_iam_role.this.arn]
    }
  }
}

# Logs, and what is not emulated

resource "aws_cloudwatch_log_group" "this" {
  count             = 2
  name              = "/everything/${count.index}"
  retention_in_days = count.index == 0 ? null : 14
  skip_destroy      = true
  tags              = { Number = count.index }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  alarm_name          = "everything"
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 1
  metric_name         = "Errors"
  namespace           = "AWS/Lambda"
  period              = 60
  statistic           = "Sum"
  threshold           = 0

  dimensions = {
    FunctionName = aws_lambda_function.this.function_name
  }
}

output "everything" {
  value = {
    buckets = [for bucket in aws_s3_bucket.this : bucket.arn]
    text    = local.text
    roles   = aws_iam_role.this.path
    number  = 1.50
    nothing = null
  }
}

output "letters" {
  value = local.letters
}
