output "input_bucket" {
  description = "Where to put files of zip codes."
  value       = aws_s3_bucket.input.bucket
}

output "load_bucket" {
  description = "Where load files wait to be loaded."
  value       = aws_s3_bucket.load.bucket
}

output "error_bucket" {
  description = "Where error files are written."
  value       = aws_s3_bucket.errors.bucket
}

output "transform_topic_arn" {
  description = "The topic on which transform announces its steps."
  value       = aws_sns_topic.transform.arn
}

output "load_topic_arn" {
  description = "The topic on which load announces its steps."
  value       = aws_sns_topic.load.arn
}

output "transform_function" {
  description = "The name of the transform function."
  value       = aws_lambda_function.transform.function_name
}

output "load_function" {
  description = "The name of the load function."
  value       = aws_lambda_function.load.function_name
}
