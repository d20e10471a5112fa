resource "aws_sns_topic" "transform" {
  name = "${var.project}-transform"
}

resource "aws_sns_topic" "load" {
  name = "${var.project}-load"
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
