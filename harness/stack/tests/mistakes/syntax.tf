resource "aws_s3_bucket" "input" {
  bucket = "a" "b"
}
