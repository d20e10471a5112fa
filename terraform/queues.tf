locals {
  # The longest that SQS keeps a message: time to read it, mend and replay.
  fourteen_days_s = 14 * 24 * 60 * 60
}

resource "aws_sqs_queue" "transform_dead_letters" {
  name                      = "${var.project}-transform-dead-letters"
  message_retention_seconds = local.fourteen_days_s
}

resource "aws_sqs_queue" "load_dead_letters" {
  name                      = "${var.project}-load-dead-letters"
  message_retention_seconds = local.fourteen_days_s
}
