# What each function may do, and nothing else.

data "aws_iam_policy_document" "lambda" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "transform" {
  statement {
    sid       = "TakeInput"
    actions   = ["s3:GetObject", "s3:DeleteObject"]
    resources = ["${aws_s3_bucket.input.arn}/*"]
  }

  # Without it S3 answers 403 for an object that is gone, and not 404.
  statement {
    sid       = "SeeWhatIsGone"
    actions   = ["s3:ListBucket"]
    resources = [aws_s3_bucket.input.arn]
  }

  statement {
    sid       = "WriteLoadAndErrorFiles"
    actions   = ["s3:PutObject", "s3:AbortMultipartUpload"]
    resources = ["${aws_s3_bucket.load.arn}/*", "${aws_s3_bucket.errors.arn}/*"]
  }

  statement {
    sid       = "Announce"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.transform.arn]
  }

  statement {
    sid       = "Log"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.transform.arn}:*"]
  }

  statement {
    sid       = "LeaveDeadLetters"
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.transform_dead_letters.arn]
  }
}

data "aws_iam_policy_document" "load" {
  statement {
    sid       = "TakeLoadFile"
    actions   = ["s3:GetObject", "s3:DeleteObject"]
    resources = ["${aws_s3_bucket.load.arn}/*"]
  }

  statement {
    sid       = "SeeWhatIsGone"
    actions   = ["s3:ListBucket"]
    resources = [aws_s3_bucket.load.arn]
  }

  statement {
    sid       = "Announce"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.load.arn]
  }

  statement {
    sid       = "Log"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.load.arn}:*"]
  }

  statement {
    sid       = "LeaveDeadLetters"
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.load_dead_letters.arn]
  }
}

resource "aws_iam_role" "transform" {
  name               = "${var.project}-transform"
  assume_role_policy = data.aws_iam_policy_document.lambda.json
}

resource "aws_iam_role" "load" {
  name               = "${var.project}-load"
  assume_role_policy = data.aws_iam_policy_document.lambda.json
}

resource "aws_iam_role_policy" "transform" {
  name   = "transform"
  role   = aws_iam_role.transform.id
  policy = data.aws_iam_policy_document.transform.json
}

resource "aws_iam_role_policy" "load" {
  name   = "load"
  role   = aws_iam_role.load.id
  policy = data.aws_iam_policy_document.load.json
}
