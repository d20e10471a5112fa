locals {
  transform_zip = "${var.functions_dir}/transform/bootstrap.zip"
  load_zip      = "${var.functions_dir}/load/bootstrap.zip"
}

resource "aws_lambda_function" "transform" {
  function_name = "${var.project}-transform"
  description   = "Checks and normalises a file of zip codes."
  role          = aws_iam_role.transform.arn

  runtime          = "provided.al2023"
  handler          = "bootstrap"
  architectures    = [var.architecture]
  filename         = local.transform_zip
  source_code_hash = fileexists(local.transform_zip) ? filebase64sha256(local.transform_zip) : null

  # Files may have any size: memory does not grow with them, time does.
  memory_size = 512
  timeout     = 900

  environment {
    variables = {
      LOAD_BUCKET  = aws_s3_bucket.load.bucket
      ERROR_BUCKET = aws_s3_bucket.errors.bucket
      TOPIC_ARN    = aws_sns_topic.transform.arn
    }
  }

  # Without its policy the first invocation would fail, and without the log group Lambda would make one of its own.
  depends_on = [aws_iam_role_policy.transform, aws_cloudwatch_log_group.transform]
}

resource "aws_lambda_function" "load" {
  function_name = "${var.project}-load"
  description   = "Puts the rows that passed into the database."
  role          = aws_iam_role.load.arn

  runtime          = "provided.al2023"
  handler          = "bootstrap"
  architectures    = [var.architecture]
  filename         = local.load_zip
  source_code_hash = fileexists(local.load_zip) ? filebase64sha256(local.load_zip) : null

  memory_size = 512
  timeout     = 900

  environment {
    variables = {
      DATABASE_URL = var.database_url
      TOPIC_ARN    = aws_sns_topic.load.arn
    }
  }

  depends_on = [aws_iam_role_policy.load, aws_cloudwatch_log_group.load]
}

# The account is named beside the bucket: a bucket's ARN does not say whose it is.
resource "aws_lambda_permission" "transform" {
  statement_id   = "input-bucket"
  action         = "lambda:InvokeFunction"
  function_name  = aws_lambda_function.transform.function_name
  principal      = "s3.amazonaws.com"
  source_arn     = aws_s3_bucket.input.arn
  source_account = data.aws_caller_identity.current.account_id
}

resource "aws_lambda_permission" "load" {
  statement_id   = "load-bucket"
  action         = "lambda:InvokeFunction"
  function_name  = aws_lambda_function.load.function_name
  principal      = "s3.amazonaws.com"
  source_arn     = aws_s3_bucket.load.arn
  source_account = data.aws_caller_identity.current.account_id
}

# What still fails after these goes to the function's dead letters.
resource "aws_lambda_function_event_invoke_config" "transform" {
  function_name                = aws_lambda_function.transform.function_name
  maximum_retry_attempts       = 2
  maximum_event_age_in_seconds = 21600

  destination_config {
    on_failure {
      destination = aws_sqs_queue.transform_dead_letters.arn
    }
  }
}

resource "aws_lambda_function_event_invoke_config" "load" {
  function_name                = aws_lambda_function.load.function_name
  maximum_retry_attempts       = 2
  maximum_event_age_in_seconds = 21600

  destination_config {
    on_failure {
      destination = aws_sqs_queue.load_dead_letters.arn
    }
  }
}

resource "aws_cloudwatch_log_group" "transform" {
  name              = "/aws/lambda/${var.project}-transform"
  retention_in_days = var.log_retention_days
}

resource "aws_cloudwatch_log_group" "load" {
  name              = "/aws/lambda/${var.project}-load"
  retention_in_days = var.log_retention_days
}
