locals {
  transform_zip = "${var.functions_dir}/transform/bootstrap.zip"
  load_zip      = "${var.functions_dir}/load/bootstrap.zip"

  # Where load finds the database, and how it comes by the password.
  database_environment = {
    for name, value in {
      DATABASE_URL        = var.database_url
      DATABASE_HOST       = local.database_host
      DATABASE_PORT       = one(concat(aws_db_instance.main[*].port, [for instance in aws_instance.database : local.database_port]))
      DATABASE_NAME       = one(concat(aws_db_instance.main[*].db_name, [for instance in aws_instance.database : local.database_name]))
      DATABASE_SECRET_ARN = local.database_secret_arn
    } : name => value if(name == "DATABASE_URL") == (local.own_database == 0)
  }
}

resource "aws_lambda_function" "transform" {
  #checkov:skip=CKV_AWS_50:the log and the notices tell each step; X-Ray would need permissions without a resource
  #checkov:skip=CKV_AWS_116:aws_lambda_function_event_invoke_config sends what failed to the dead letters, with the reason
  #checkov:skip=CKV_AWS_117:it speaks to S3 and SNS only, and has no business in a network
  #checkov:skip=CKV_AWS_173:its environment holds names, no secrets
  #checkov:skip=CKV_AWS_272:Terraform uploads what was built beside it
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

  # A burst of files waits its turn, and leaves the account's other functions their share.
  reserved_concurrent_executions = var.transform_concurrency

  environment {
    variables = {
      LOAD_BUCKET  = module.load_bucket.name
      ERROR_BUCKET = module.error_bucket.name
      TOPIC_ARN    = aws_sns_topic.transform.arn
    }
  }

  # Without its policy the first invocation would fail, and without the log group Lambda would make one of its own.
  depends_on = [aws_iam_role_policy.transform, aws_cloudwatch_log_group.transform]
}

resource "aws_lambda_function" "load" {
  #checkov:skip=CKV_AWS_50:the log and the notices tell each step; X-Ray would need permissions without a resource
  #checkov:skip=CKV_AWS_116:aws_lambda_function_event_invoke_config sends what failed to the dead letters, with the reason
  #checkov:skip=CKV_AWS_117:it is in the database's network, if the database is ours
  #checkov:skip=CKV_AWS_173:its environment names the secret and does not hold it; database_url is for trials
  #checkov:skip=CKV_AWS_272:Terraform uploads what was built beside it
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

  # One connection each: the database has a limit, too.
  reserved_concurrent_executions = var.load_concurrency

  environment {
    variables = merge({ TOPIC_ARN = aws_sns_topic.load.arn }, local.database_environment)
  }

  dynamic "vpc_config" {
    for_each = range(local.own_database)

    content {
      subnet_ids         = [for subnet in aws_subnet.load : subnet.id]
      security_group_ids = [aws_security_group.load[0].id]
    }
  }

  # Without its policy the first invocation would fail, and without the log group Lambda would make one of its own.
  depends_on = [aws_iam_role_policy.load, aws_iam_role_policy.load_network, aws_cloudwatch_log_group.load]
}

# The account is named beside the bucket: a bucket's ARN does not say whose it is.
resource "aws_lambda_permission" "transform" {
  statement_id   = "input-bucket"
  action         = "lambda:InvokeFunction"
  function_name  = aws_lambda_function.transform.function_name
  principal      = "s3.amazonaws.com"
  source_arn     = module.input_bucket.arn
  source_account = data.aws_caller_identity.current.account_id
}

resource "aws_lambda_permission" "load" {
  statement_id   = "load-bucket"
  action         = "lambda:InvokeFunction"
  function_name  = aws_lambda_function.load.function_name
  principal      = "s3.amazonaws.com"
  source_arn     = module.load_bucket.arn
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
  #checkov:skip=CKV_AWS_158:CloudWatch Logs encrypts with its own key
  #checkov:skip=CKV_AWS_338:for how long logs are worth their price is the variable's to say
  name              = "/aws/lambda/${var.project}-transform"
  retention_in_days = var.log_retention_days
}

resource "aws_cloudwatch_log_group" "load" {
  #checkov:skip=CKV_AWS_158:CloudWatch Logs encrypts with its own key
  #checkov:skip=CKV_AWS_338:for how long logs are worth their price is the variable's to say
  name              = "/aws/lambda/${var.project}-load"
  retention_in_days = var.log_retention_days
}
