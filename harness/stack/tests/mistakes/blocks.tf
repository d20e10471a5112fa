resource "aws_s3_bucket" {
  bucket = "a"
}

resorce "aws_s3_bucket" "input" {
  bucket = "a"
}

project = "zipster"

resource "aws_s3_bucket" "input" {
  provider = aws.other
  bucket   = "input-bucket"
  versioning {
    enabled = true
  }
  provisioner "local-exec" {
    command = "echo"
  }
}

module "remote" {
  source = "terraform-aws-modules/vpc/aws"
}

module "absent" {
  source = "./absent"
}

data "aws_iam_policy_document" "policy" {
  statement {
    efect     = "Allow"
    effect    = "Maybe"
    actions   = "s3:GetObject"
    resources = ["*"]
  }

  dynamic "statement" {
    actions = ["x"]
  }
}
