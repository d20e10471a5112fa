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
    resources = ["${module.input_bucket.arn}/*"]
  }

  # Without it S3 answers 403 for an object that is gone, and not 404.
  statement {
    sid       = "SeeWhatIsGone"
    actions   = ["s3:ListBucket"]
    resources = [module.input_bucket.arn]
  }

  statement {
    sid       = "WriteLoadAndErrorFiles"
    actions   = ["s3:PutObject", "s3:AbortMultipartUpload"]
    resources = ["${module.load_bucket.arn}/*", "${module.error_bucket.arn}/*"]
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
    resources = ["${module.load_bucket.arn}/*"]
  }

  statement {
    sid       = "SeeWhatIsGone"
    actions   = ["s3:ListBucket"]
    resources = [module.load_bucket.arn]
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

  dynamic "statement" {
    for_each = var.database == "existing" ? [] : [local.database_secret_arn]

    content {
      sid       = "KnowPassword"
      actions   = ["secretsmanager:GetSecretValue"]
      resources = [statement.value]
    }
  }
}

# Lambda gives the function a network interface with the function's own role, so the role needs these; the function's code
# does not, and is denied them. Describing has no resources, and interfaces are not known before they are made.
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
data "aws_iam_policy_document" "load_network" {
  statement {
    sid       = "DescribeNetwork"
    actions   = ["ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"]
    resources = ["*"]
  }

  statement {
    sid = "ChangeInterfaces"
    actions = [
      "ec2:CreateNetworkInterface",
      "ec2:DeleteNetworkInterface",
      "ec2:AssignPrivateIpAddresses",
      "ec2:UnassignPrivateIpAddresses",
    ]
    resources = [
      "arn:${data.aws_partition.current.partition}:ec2:${data.aws_region.current.region}:${data.aws_caller_identity.current.account_id}:*/*",
    ]
  }

  statement {
    sid    = "NotTheCode"
    effect = "Deny"
    actions = [
      "ec2:CreateNetworkInterface",
      "ec2:DeleteNetworkInterface",
      "ec2:DescribeNetworkInterfaces",
      "ec2:DescribeSubnets",
      "ec2:AssignPrivateIpAddresses",
      "ec2:UnassignPrivateIpAddresses",
    ]
    resources = ["*"]

    condition {
      test     = "ArnEquals"
      variable = "lambda:SourceFunctionArn"
      values = [
        "arn:${data.aws_partition.current.partition}:lambda:${data.aws_region.current.region}:${data.aws_caller_identity.current.account_id}:function:${var.project}-load",
      ]
    }
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

resource "aws_iam_role_policy" "load_network" {
  count = local.own_database

  name   = "network"
  role   = aws_iam_role.load.id
  policy = data.aws_iam_policy_document.load_network.json
}
