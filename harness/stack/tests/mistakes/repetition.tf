resource "aws_sns_topic" "list" {
  for_each = ["a", "b"]
  name     = each.key
}

resource "aws_sns_topic" "number" {
  for_each = 3
  name     = each.key
}

resource "aws_sns_topic" "count" {
  count = -1
  name  = "t${count.index}"
}

resource "aws_sns_topic" "no_each" {
  name = each.key
}

resource "aws_sns_topic" "one" {
  name = "one"
}

resource "aws_sns_topic_subscription" "unknown" {
  for_each  = { x = "y" }
  topic_arn = aws_sns_topic.one.arn
  protocol  = "email"
  endpoint  = aws_instance.host.public_dns
}

resource "aws_sns_topic" "unknown" {
  count = aws_instance.host.ipv6_address_count
  name  = "x"
}

resource "aws_instance" "host" {
  ami = "ami-1"
}
