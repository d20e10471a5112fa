# What a file needs on its way: who is called by what, who may do what, and what is told to whom.
#
#   terraform init -backend=false && terraform test
#
# No account is asked: the provider is a mock. The tests look at the defaults, so a terraform.tfvars of your own, which
# Terraform reads here as well, can make them fail.

mock_provider "aws" {
  source = "./tests/aws"
}

override_module {
  target  = module.input_bucket
  outputs = { name = "zipster-input-123456789012", arn = "arn:aws:s3:::zipster-input-123456789012" }
}

override_module {
  target  = module.load_bucket
  outputs = { name = "zipster-load-123456789012", arn = "arn:aws:s3:::zipster-load-123456789012" }
}

override_module {
  target  = module.error_bucket
  outputs = { name = "zipster-errors-123456789012", arn = "arn:aws:s3:::zipster-errors-123456789012" }
}

variables {
  database                   = "existing"
  database_url               = "mysql://user:password@db.example.com:3306/zipster"
  notification_emails        = ["reader@example.com"]
  notification_phone_numbers = ["+15555550100"]
}

run "files_call_the_functions" {
  assert {
    condition = (
      aws_s3_bucket_notification.input.bucket == "zipster-input-123456789012" &&
      [for to in aws_s3_bucket_notification.input.lambda_function : [to.lambda_function_arn, tolist(to.events)]] ==
      [[aws_lambda_function.transform.arn, tolist(["s3:ObjectCreated:*"])]]
    )
    error_message = "Every object that is made in the input bucket must call transform, and nothing else."
  }

  assert {
    condition     = alltrue([for to in aws_s3_bucket_notification.input.lambda_function : try(coalesce(to.filter_prefix, to.filter_suffix), null) == null])
    error_message = "Files are taken whatever their name."
  }

  assert {
    condition = (
      aws_s3_bucket_notification.load.bucket == "zipster-load-123456789012" &&
      [for to in aws_s3_bucket_notification.load.lambda_function : [to.lambda_function_arn, tolist(to.events)]] ==
      [[aws_lambda_function.load.arn, tolist(["s3:ObjectCreated:*"])]]
    )
    error_message = "Every object that is made in the load bucket must call load, and nothing else."
  }

  assert {
    condition = alltrue([
      for allowed in [
        [aws_lambda_permission.transform, "zipster-transform", "arn:aws:s3:::zipster-input-123456789012"],
        [aws_lambda_permission.load, "zipster-load", "arn:aws:s3:::zipster-load-123456789012"],
      ] :
      allowed[0].action == "lambda:InvokeFunction" && allowed[0].principal == "s3.amazonaws.com" &&
      allowed[0].function_name == allowed[1] && allowed[0].source_arn == allowed[2] &&
      allowed[0].source_account == "123456789012"
    ])
    error_message = "S3 may call each function for its own bucket, of this account, and for no other."
  }
}

run "functions_run_what_was_built" {
  assert {
    condition = alltrue([
      for function in [aws_lambda_function.transform, aws_lambda_function.load] :
      function.runtime == "provided.al2023" && function.handler == "bootstrap" &&
      tolist(function.architectures) == tolist(["arm64"]) && function.memory_size == 512 && function.timeout == 900
    ])
    error_message = "A function needs the custom runtime, 512 MB, and a quarter of an hour for large files."
  }

  assert {
    condition = (
      aws_lambda_function.transform.filename == "../target/lambda/transform/bootstrap.zip" &&
      aws_lambda_function.load.filename == "../target/lambda/load/bootstrap.zip"
    )
    error_message = "The packages are where cargo lambda leaves them."
  }

  assert {
    condition = (
      aws_lambda_function.transform.reserved_concurrent_executions == 10 &&
      aws_lambda_function.load.reserved_concurrent_executions == 5
    )
    error_message = "The functions' concurrency is the variables' default."
  }

  assert {
    condition = (
      aws_lambda_function.transform.role == aws_iam_role.transform.arn &&
      aws_lambda_function.load.role == aws_iam_role.load.arn
    )
    error_message = "Each function has a role of its own."
  }

  assert {
    condition = tomap(aws_lambda_function.transform.environment[0].variables) == tomap({
      LOAD_BUCKET  = "zipster-load-123456789012"
      ERROR_BUCKET = "zipster-errors-123456789012"
      TOPIC_ARN    = aws_sns_topic.transform.arn
    })
    error_message = "transform is told where to write and where to announce."
  }

  assert {
    condition = nonsensitive(tomap(aws_lambda_function.load.environment[0].variables) == tomap({
      TOPIC_ARN    = aws_sns_topic.load.arn
      DATABASE_URL = "mysql://user:password@db.example.com:3306/zipster"
    }))
    error_message = "load is told where the database is and where to announce."
  }
}

run "what_fails_is_tried_again_and_kept" {
  assert {
    condition = alltrue([
      for pair in [
        [aws_lambda_function_event_invoke_config.transform, "zipster-transform", aws_sqs_queue.transform_dead_letters.arn],
        [aws_lambda_function_event_invoke_config.load, "zipster-load", aws_sqs_queue.load_dead_letters.arn],
      ] :
      pair[0].function_name == pair[1] && pair[0].maximum_retry_attempts == 2 &&
      pair[0].maximum_event_age_in_seconds == 21600 &&
      pair[0].destination_config[0].on_failure[0].destination == pair[2]
    ])
    error_message = "An event is tried three times within six hours, and then goes to its function's dead letters."
  }

  assert {
    condition = alltrue([
      for queue in [aws_sqs_queue.transform_dead_letters, aws_sqs_queue.load_dead_letters] :
      queue.message_retention_seconds == 1209600 && queue.sqs_managed_sse_enabled
    ])
    error_message = "Dead letters are kept for 14 days, encrypted."
  }

  assert {
    condition = alltrue(concat(
      [
        for function, alarm in aws_cloudwatch_metric_alarm.errors :
        alarm.namespace == "AWS/Lambda" && alarm.metric_name == "Errors" && alarm.threshold == 0 &&
        alarm.comparison_operator == "GreaterThanThreshold" && alarm.dimensions.FunctionName == "zipster-${function}" &&
        tolist(alarm.alarm_actions) == tolist([aws_sns_topic.alarms.arn])
      ],
      [
        for function, alarm in aws_cloudwatch_metric_alarm.dead_letters :
        alarm.namespace == "AWS/SQS" && alarm.metric_name == "ApproximateNumberOfMessagesVisible" && alarm.threshold == 0 &&
        alarm.comparison_operator == "GreaterThanThreshold" &&
        alarm.dimensions.QueueName == "zipster-${function}-dead-letters" &&
        tolist(alarm.alarm_actions) == tolist([aws_sns_topic.alarms.arn])
      ],
      [length(aws_cloudwatch_metric_alarm.errors) == 2, length(aws_cloudwatch_metric_alarm.dead_letters) == 2],
    ))
    error_message = "Errors and dead letters of both functions raise an alarm."
  }
}

# Exactly these: what is missing would fail on AWS, and what is too much is a hole.
run "roles_may_do_what_the_functions_do" {
  assert {
    condition = toset(flatten([
      for statement in data.aws_iam_policy_document.transform.statement : [
        for pair in setproduct(statement.actions, statement.resources) : "${coalesce(statement.effect, "Allow")} ${join(" ", pair)}"
      ]
      ])) == toset([
      "Allow s3:GetObject arn:aws:s3:::zipster-input-123456789012/*",
      "Allow s3:DeleteObject arn:aws:s3:::zipster-input-123456789012/*",
      "Allow s3:ListBucket arn:aws:s3:::zipster-input-123456789012",
      "Allow s3:PutObject arn:aws:s3:::zipster-load-123456789012/*",
      "Allow s3:PutObject arn:aws:s3:::zipster-errors-123456789012/*",
      "Allow s3:AbortMultipartUpload arn:aws:s3:::zipster-load-123456789012/*",
      "Allow s3:AbortMultipartUpload arn:aws:s3:::zipster-errors-123456789012/*",
      "Allow sns:Publish arn:aws:sns:eu-central-1:123456789012:zipster-transform",
      "Allow sqs:SendMessage arn:aws:sqs:eu-central-1:123456789012:zipster-transform-dead-letters",
      "Allow logs:CreateLogStream arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/zipster-transform:*",
      "Allow logs:PutLogEvents arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/zipster-transform:*",
    ])
    error_message = "transform's role may do something else than transform does."
  }

  assert {
    condition = toset(flatten([
      for statement in data.aws_iam_policy_document.load.statement : [
        for pair in setproduct(statement.actions, statement.resources) : "${coalesce(statement.effect, "Allow")} ${join(" ", pair)}"
      ]
      ])) == toset([
      "Allow s3:GetObject arn:aws:s3:::zipster-load-123456789012/*",
      "Allow s3:DeleteObject arn:aws:s3:::zipster-load-123456789012/*",
      "Allow s3:ListBucket arn:aws:s3:::zipster-load-123456789012",
      "Allow sns:Publish arn:aws:sns:eu-central-1:123456789012:zipster-load",
      "Allow sqs:SendMessage arn:aws:sqs:eu-central-1:123456789012:zipster-load-dead-letters",
      "Allow logs:CreateLogStream arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/zipster-load:*",
      "Allow logs:PutLogEvents arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/zipster-load:*",
    ])
    error_message = "load's role may do something else than load does."
  }

  assert {
    condition = (
      aws_iam_role_policy.transform.role == aws_iam_role.transform.id && aws_iam_role_policy.load.role == aws_iam_role.load.id &&
      length(aws_iam_role_policy.load_network) == 0
    )
    error_message = "Each policy belongs to its function's role, and load has no network without a database of ours."
  }

  assert {
    condition = [
      for statement in data.aws_iam_policy_document.lambda.statement :
      [tolist(statement.actions), [for who in statement.principals : [who.type, tolist(who.identifiers)]]]
    ] == [[tolist(["sts:AssumeRole"]), [["Service", tolist(["lambda.amazonaws.com"])]]]]
    error_message = "Lambda, and nobody else, may take on the functions' roles."
  }
}

run "readers_are_told_of_ends_and_failures" {
  assert {
    condition = { for name, to in aws_sns_topic_subscription.email : name => [to.topic_arn, to.protocol, to.endpoint] } == {
      "load/reader@example.com"      = [aws_sns_topic.load.arn, "email", "reader@example.com"]
      "transform/reader@example.com" = [aws_sns_topic.transform.arn, "email", "reader@example.com"]
    }
    error_message = "Every address is told by both topics."
  }

  assert {
    condition = { for name, to in aws_sns_topic_subscription.sms : name => [to.topic_arn, to.protocol, to.endpoint] } == {
      "load/+15555550100"      = [aws_sns_topic.load.arn, "sms", "+15555550100"]
      "transform/+15555550100" = [aws_sns_topic.transform.arn, "sms", "+15555550100"]
    }
    error_message = "Every phone number is told by both topics."
  }

  assert {
    condition = alltrue([
      for to in concat(values(aws_sns_topic_subscription.email), values(aws_sns_topic_subscription.sms)) :
      try(jsondecode(to.filter_policy), null) == { status = ["succeeded", "failed"] }
    ])
    error_message = "Without notify_every_step, only ends and failures are told."
  }

  assert {
    condition = alltrue([
      for name, policy in { transform = aws_sns_topic_policy.transform, load = aws_sns_topic_policy.load } :
      policy.arn == "arn:aws:sns:eu-central-1:123456789012:zipster-${name}"
    ])
    error_message = "Each topic has its own policy."
  }

  assert {
    condition = alltrue([
      for name, document in data.aws_iam_policy_document.topic : [
        for statement in document.statement : [
          coalesce(statement.effect, "Allow"), tolist(statement.actions), tolist(statement.resources),
          [for who in statement.principals : tolist(who.identifiers)],
          [for condition in statement.condition : [condition.test, condition.variable, condition.values]],
        ]
        ] == [
        [
          "Allow", tolist(["sns:Publish"]), tolist(["arn:aws:sns:eu-central-1:123456789012:zipster-${name}"]),
          [tolist(["arn:aws:iam::123456789012:role/zipster-${name}"])], [],
        ],
        [
          "Deny", tolist(["sns:Publish"]), tolist(["arn:aws:sns:eu-central-1:123456789012:zipster-${name}"]),
          [tolist(["*"])], [["Bool", "aws:SecureTransport", tolist(["false"])]],
        ],
      ]
    ])
    error_message = "Only its own function announces on a topic, and only through TLS."
  }
}

run "readers_are_told_of_every_step" {
  variables {
    notify_every_step = true
  }

  assert {
    condition     = alltrue([for to in values(aws_sns_topic_subscription.email) : to.filter_policy == null])
    error_message = "With notify_every_step, nothing is filtered."
  }
}
