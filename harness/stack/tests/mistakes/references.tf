variable "project" {
  type    = string
  default = "zipster"
}

locals {
  name = "${var.projekt}-input"
}

resource "aws_s3_bucket" "input" {
  bucket = local.nam
}

resource "aws_s3_bucket_policy" "input" {
  bucket = aws_s3_bucket.inptu.id
  policy = jsonencode({ Resource = aws_s3_bucket.input.ann })
}

resource "aws_sns_topic" "topic" {
  name = project
}

output "account" {
  value = data.aws_caller_identity.current.account_id
}

output "module" {
  value = module.network.id
}
