# One bucket, private in every way that S3 has.
#
# Encrypted with S3's own keys (AES256): a key of ours would cost a dollar a month and a call to KMS for each object, and
# whoever may read the bucket could use it just as well.
resource "aws_s3_bucket" "this" {
  #checkov:skip=CKV_AWS_145:encrypted with S3's own keys, see above
  #checkov:skip=CKV_AWS_144:what is in it passes through within minutes; the sender keeps the original
  #checkov:skip=CKV_AWS_18:object-level access can be had from CloudTrail; access logs would need one more bucket
  #checkov:skip=CKV2_AWS_62:the root module declares notifications where a bucket has something to tell
  bucket        = var.name
  force_destroy = var.force_destroy
}

resource "aws_s3_bucket_ownership_controls" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  bucket                  = aws_s3_bucket.this.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

# What the functions delete is deleted by a marker: until the lifecycle rule below it can be had back.
resource "aws_s3_bucket_versioning" "this" {
  bucket = aws_s3_bucket.this.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    id     = "clean-up"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = var.noncurrent_days
    }

    # With days, markers that have nothing behind them go as well; without, that has to be said.
    expiration {
      days                         = var.expire_days
      expired_object_delete_marker = var.expire_days == null ? true : null
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }

  # S3 wants versioning to be on before it takes rules about versions.
  depends_on = [aws_s3_bucket_versioning.this]
}

data "aws_iam_policy_document" "tls_only" {
  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.this.arn, "${aws_s3_bucket.this.arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_s3_bucket_policy" "this" {
  bucket = aws_s3_bucket.this.id
  policy = data.aws_iam_policy_document.tls_only.json

  # S3 answers 409 when both are changed at the same time.
  depends_on = [aws_s3_bucket_public_access_block.this]
}
