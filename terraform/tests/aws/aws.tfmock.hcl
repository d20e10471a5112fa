# What AWS would have decided: names that the provider itself accepts, and different ones where a test tells them apart.

mock_data "aws_caller_identity" {
  defaults = { account_id = "123456789012" }
}

mock_data "aws_partition" {
  defaults = { partition = "aws" }
}

mock_data "aws_region" {
  defaults = { region = "eu-central-1" }
}

mock_data "aws_availability_zones" {
  defaults = { names = ["eu-central-1a", "eu-central-1b", "eu-central-1c"] }
}

mock_data "aws_ami" {
  defaults = { id = "ami-0123456789abcdef0" }
}

# Nothing renders a policy here: tests look at the statements.
mock_data "aws_iam_policy_document" {
  defaults = { json = "{}" }
}

override_resource {
  target = aws_lambda_function.transform
  values = { arn = "arn:aws:lambda:eu-central-1:123456789012:function:zipster-transform" }
}

override_resource {
  target = aws_lambda_function.load
  values = { arn = "arn:aws:lambda:eu-central-1:123456789012:function:zipster-load" }
}

override_resource {
  target = aws_iam_role.transform
  values = { arn = "arn:aws:iam::123456789012:role/zipster-transform", id = "zipster-transform" }
}

override_resource {
  target = aws_iam_role.load
  values = { arn = "arn:aws:iam::123456789012:role/zipster-load", id = "zipster-load" }
}

override_resource {
  target = aws_iam_role.instance
  values = { arn = "arn:aws:iam::123456789012:role/zipster-database", id = "zipster-database" }
}

override_resource {
  target = aws_sns_topic.transform
  values = { arn = "arn:aws:sns:eu-central-1:123456789012:zipster-transform" }
}

override_resource {
  target = aws_sns_topic.load
  values = { arn = "arn:aws:sns:eu-central-1:123456789012:zipster-load" }
}

override_resource {
  target = aws_sns_topic.alarms
  values = { arn = "arn:aws:sns:eu-central-1:123456789012:zipster-alarms" }
}

override_resource {
  target = aws_sqs_queue.transform_dead_letters
  values = {
    arn = "arn:aws:sqs:eu-central-1:123456789012:zipster-transform-dead-letters"
    id  = "https://sqs.eu-central-1.amazonaws.com/123456789012/zipster-transform-dead-letters"
  }
}

override_resource {
  target = aws_sqs_queue.load_dead_letters
  values = {
    arn = "arn:aws:sqs:eu-central-1:123456789012:zipster-load-dead-letters"
    id  = "https://sqs.eu-central-1.amazonaws.com/123456789012/zipster-load-dead-letters"
  }
}

override_resource {
  target = aws_cloudwatch_log_group.transform
  values = { arn = "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/zipster-transform" }
}

override_resource {
  target = aws_cloudwatch_log_group.load
  values = { arn = "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/zipster-load" }
}
