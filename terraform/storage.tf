# Input files land here. transform deletes each once its load and error files are written.
resource "aws_s3_bucket" "input" {
  bucket = "${var.project}-input-${data.aws_caller_identity.current.account_id}"
}

# Rows that passed, one load file per input file. load deletes each once its rows are stored.
resource "aws_s3_bucket" "load" {
  bucket = "${var.project}-load-${data.aws_caller_identity.current.account_id}"
}

# Why the other rows did not pass, one error file per input file.
resource "aws_s3_bucket" "errors" {
  bucket = "${var.project}-errors-${data.aws_caller_identity.current.account_id}"
}

resource "aws_s3_bucket_public_access_block" "private" {
  for_each = {
    input  = aws_s3_bucket.input.id
    load   = aws_s3_bucket.load.id
    errors = aws_s3_bucket.errors.id
  }

  bucket                  = each.value
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

# S3 tries the destination when a notification is made, so the permission has to be there before.
resource "aws_s3_bucket_notification" "input" {
  bucket = aws_s3_bucket.input.id

  lambda_function {
    id                  = "transform"
    lambda_function_arn = aws_lambda_function.transform.arn
    events              = ["s3:ObjectCreated:*"]
  }

  depends_on = [aws_lambda_permission.transform]
}

resource "aws_s3_bucket_notification" "load" {
  bucket = aws_s3_bucket.load.id

  lambda_function {
    id                  = "load"
    lambda_function_arn = aws_lambda_function.load.arn
    events              = ["s3:ObjectCreated:*"]
  }

  depends_on = [aws_lambda_permission.load]
}
