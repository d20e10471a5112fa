resource "aws_lambda_event_source_mapping" "stream" {
  event_source_arn  = "arn:aws:kinesis:eu-central-1:123456789012:stream/s"
  function_name     = "f"
  starting_position = "LATEST"

  destination_config {
    on_failure {
      destination_arn = "arn:aws:sqs:eu-central-1:123456789012:dead"
    }
  }
}

resource "aws_lambda_event_source_mapping" "broker" {
  function_name = "f"
  topics        = ["t"]

  self_managed_event_source {
    endpoints = { KAFKA_BOOTSTRAP_SERVERS = "broker:9092" }
  }
}

resource "aws_lambda_event_source_mapping" "queue" {
  event_source_arn        = "arn:aws:sqs:eu-central-1:123456789012:jobs"
  function_name           = "arn:aws:lambda:eu-central-1:123456789012:function:f:live"
  batch_size              = 0
  function_response_types = ["ReportBatchItemFailure"]

  filter_criteria {
    filter {
      pattern = "body"
    }
    filter {}
  }

  scaling_config {
    maximum_concurrency = 1
  }
}
