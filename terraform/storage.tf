locals {
  # Bucket names are unique among all accounts.
  bucket_prefix = "${var.project}-%s-${data.aws_caller_identity.current.account_id}"
}

# Input files land here. transform deletes each once its load and error files are written.
module "input_bucket" {
  source = "./modules/bucket"

  name            = format(local.bucket_prefix, "input")
  force_destroy   = var.force_destroy
  noncurrent_days = var.noncurrent_version_days
}

# Rows that passed, one load file per input file. load deletes each once its rows are stored.
module "load_bucket" {
  source = "./modules/bucket"

  name            = format(local.bucket_prefix, "load")
  force_destroy   = var.force_destroy
  noncurrent_days = var.noncurrent_version_days
}

# Why the other rows did not pass, one error file per input file.
module "error_bucket" {
  source = "./modules/bucket"

  name            = format(local.bucket_prefix, "errors")
  force_destroy   = var.force_destroy
  noncurrent_days = var.noncurrent_version_days
  expire_days     = var.error_file_days
}

# S3 tries the destination when a notification is made, so the permission has to be there before.
resource "aws_s3_bucket_notification" "input" {
  bucket = module.input_bucket.name

  lambda_function {
    id                  = "transform"
    lambda_function_arn = aws_lambda_function.transform.arn
    events              = ["s3:ObjectCreated:*"]
  }

  depends_on = [aws_lambda_permission.transform]
}

resource "aws_s3_bucket_notification" "load" {
  bucket = module.load_bucket.name

  lambda_function {
    id                  = "load"
    lambda_function_arn = aws_lambda_function.load.arn
    events              = ["s3:ObjectCreated:*"]
  }

  depends_on = [aws_lambda_permission.load]
}
