resource "aws_sqs_queue" "queue" {
  name                       = "a.b"
  visibility_timeout         = 30
  message_retention_seconds  = 5
  visibility_timeout_seconds = "soon"
  arn                        = "arn:aws:sqs:eu-central-1:123456789012:a"

  redrive {
    count = 3
  }
}

resource "aws_lambda_function" "function" {
  function_name = "f"
  role          = "arn:aws:iam::123456789012:role/f"
  runtime       = "python3.12"
  layers        = ["arn:aws:lambda:eu-central-1:123456789012:layer:l:1"]
  image_uri     = "image"

  environment {
    variables = { "1" = "x" }
  }

  environment {
    variable = {}
  }
}

resource "aws_sns_topic_subscription" "subscription" {
  topic_arn     = "topic"
  protocol      = "mail"
  endpoint      = "a@example.com"
  filter_policy = "{"
}

resource "aws_s3_bucket_notification" "notification" {
  bucket = "My_Bucket"

  lambda_function {
    lambda_function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:f"
    events              = ["s3:ObjectCreate:*"]
  }
}
