# What a function could not do in all its attempts waits here for somebody to read it, mend the cause and send it again.

locals {
  # The longest that SQS keeps a message.
  fourteen_days_s = 14 * 24 * 60 * 60
}

resource "aws_sqs_queue" "transform_dead_letters" {
  name                      = "${var.project}-transform-dead-letters"
  message_retention_seconds = local.fourteen_days_s
  sqs_managed_sse_enabled   = true
}

resource "aws_sqs_queue" "load_dead_letters" {
  name                      = "${var.project}-load-dead-letters"
  message_retention_seconds = local.fourteen_days_s
  sqs_managed_sse_enabled   = true
}

data "aws_iam_policy_document" "dead_letters" {
  for_each = {
    transform = aws_sqs_queue.transform_dead_letters.arn
    load      = aws_sqs_queue.load_dead_letters.arn
  }

  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage"]
    resources = [each.value]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_sqs_queue_policy" "transform_dead_letters" {
  queue_url = aws_sqs_queue.transform_dead_letters.id
  policy    = data.aws_iam_policy_document.dead_letters["transform"].json
}

resource "aws_sqs_queue_policy" "load_dead_letters" {
  queue_url = aws_sqs_queue.load_dead_letters.id
  policy    = data.aws_iam_policy_document.dead_letters["load"].json
}
