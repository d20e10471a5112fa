# Each function announces its steps on a topic of its own. Notices name files and count rows, so they are encrypted where
# SNS keeps them, with the key that AWS manages for SNS: it costs nothing, and every principal of the account that may
# publish may use it.

resource "aws_sns_topic" "transform" {
  name              = "${var.project}-transform"
  kms_master_key_id = "alias/aws/sns"
}

resource "aws_sns_topic" "load" {
  name              = "${var.project}-load"
  kms_master_key_id = "alias/aws/sns"
}

data "aws_iam_policy_document" "topic" {
  for_each = {
    transform = { topic = aws_sns_topic.transform.arn, role = aws_iam_role.transform.arn }
    load      = { topic = aws_sns_topic.load.arn, role = aws_iam_role.load.arn }
  }

  statement {
    sid       = "ItsFunction"
    actions   = ["sns:Publish"]
    resources = [each.value.topic]

    principals {
      type        = "AWS"
      identifiers = [each.value.role]
    }
  }

  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["sns:Publish"]
    resources = [each.value.topic]

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

resource "aws_sns_topic_policy" "transform" {
  arn    = aws_sns_topic.transform.arn
  policy = data.aws_iam_policy_document.topic["transform"].json
}

resource "aws_sns_topic_policy" "load" {
  arn    = aws_sns_topic.load.arn
  policy = data.aws_iam_policy_document.topic["load"].json
}

locals {
  topics = {
    transform = aws_sns_topic.transform.arn
    load      = aws_sns_topic.load.arn
  }

  emails = {
    for pair in setproduct(keys(local.topics), var.notification_emails) :
    "${pair[0]}/${pair[1]}" => { topic_arn = local.topics[pair[0]], endpoint = pair[1] }
  }

  phone_numbers = {
    for pair in setproduct(keys(local.topics), var.notification_phone_numbers) :
    "${pair[0]}/${pair[1]}" => { topic_arn = local.topics[pair[0]], endpoint = pair[1] }
  }

  # Every notice carries its status; a policy of null lets all of them through.
  filter_policy = var.notify_every_step ? null : jsonencode({ status = ["succeeded", "failed"] })
}

resource "aws_sns_topic_subscription" "email" {
  for_each = local.emails

  topic_arn     = each.value.topic_arn
  protocol      = "email"
  endpoint      = each.value.endpoint
  filter_policy = local.filter_policy
}

resource "aws_sns_topic_subscription" "sms" {
  for_each = local.phone_numbers

  topic_arn     = each.value.topic_arn
  protocol      = "sms"
  endpoint      = each.value.endpoint
  filter_policy = local.filter_policy
}
