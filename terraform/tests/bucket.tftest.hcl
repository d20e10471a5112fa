# A bucket is private, encrypted, versioned, spoken to through TLS only, and cleans up after itself.

mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }

  mock_resource "aws_s3_bucket" {
    defaults = { arn = "arn:aws:s3:::a-bucket", id = "a-bucket" }
  }
}

variables {
  name            = "a-bucket"
  force_destroy   = false
  noncurrent_days = 30
}

run "a_bucket" {
  module {
    source = "./modules/bucket"
  }

  assert {
    condition     = output.name == "a-bucket" && output.arn == "arn:aws:s3:::a-bucket" && !aws_s3_bucket.this.force_destroy
    error_message = "The bucket has the name that it was given, and is not destroyed with files in it."
  }

  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.this.block_public_acls,
      aws_s3_bucket_public_access_block.this.block_public_policy,
      aws_s3_bucket_public_access_block.this.ignore_public_acls,
      aws_s3_bucket_public_access_block.this.restrict_public_buckets,
      aws_s3_bucket_ownership_controls.this.rule[0].object_ownership == "BucketOwnerEnforced",
    ])
    error_message = "The bucket is private in every way."
  }

  assert {
    condition = alltrue([
      for rule in aws_s3_bucket_server_side_encryption_configuration.this.rule :
      rule.apply_server_side_encryption_by_default[0].sse_algorithm == "AES256"
    ])
    error_message = "Objects are encrypted with S3's keys."
  }

  assert {
    condition     = aws_s3_bucket_versioning.this.versioning_configuration[0].status == "Enabled"
    error_message = "What is deleted can be had back."
  }

  assert {
    condition = [
      for rule in aws_s3_bucket_lifecycle_configuration.this.rule : [
        rule.status, rule.noncurrent_version_expiration[0].noncurrent_days,
        rule.abort_incomplete_multipart_upload[0].days_after_initiation,
        coalesce(rule.expiration[0].days, 0), rule.expiration[0].expired_object_delete_marker,
      ]
    ] == [["Enabled", 30, 1, 0, true]]
    error_message = "Old versions go after 30 days, unfinished uploads after one, and current files stay."
  }

  assert {
    condition = [
      for statement in data.aws_iam_policy_document.tls_only.statement : [
        statement.effect, tolist(statement.actions), sort(statement.resources),
        [for who in statement.principals : [who.type, tolist(who.identifiers)]],
        [for condition in statement.condition : [condition.test, condition.variable, condition.values]],
      ]
      ] == [[
        "Deny", tolist(["s3:*"]), tolist(["arn:aws:s3:::a-bucket", "arn:aws:s3:::a-bucket/*"]),
        [["*", tolist(["*"])]], [["Bool", "aws:SecureTransport", tolist(["false"])]],
    ]]
    error_message = "What does not come through TLS is refused."
  }
}

run "a_bucket_whose_files_expire" {
  module {
    source = "./modules/bucket"
  }

  variables {
    expire_days = 90
  }

  assert {
    condition     = [for rule in aws_s3_bucket_lifecycle_configuration.this.rule : rule.expiration[0].days] == [90]
    error_message = "Files go after 90 days."
  }
}
