locals {
  a = local.b
  b = "${local.c}!"
  c = [for x in [1] : local.a]
  d = local.d
}

resource "aws_sns_topic" "one" {
  name = aws_sns_topic.two.name
}

resource "aws_sns_topic" "two" {
  name = aws_sns_topic.one.name
}
