output "input_bucket" {
  description = "Where to put files of zip codes."
  value       = module.input_bucket.name
}

output "load_bucket" {
  description = "Where load files wait to be loaded."
  value       = module.load_bucket.name
}

output "error_bucket" {
  description = "Where error files are written."
  value       = module.error_bucket.name
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

output "transform_dead_letters_url" {
  description = "The queue of events that transform gave up."
  value       = aws_sqs_queue.transform_dead_letters.url
}

output "load_dead_letters_url" {
  description = "The queue of events that load gave up."
  value       = aws_sqs_queue.load_dead_letters.url
}

output "alarms_topic_arn" {
  description = "The topic on which alarms are announced."
  value       = aws_sns_topic.alarms.arn
}

output "account_id" {
  description = "The account that the stack is in."
  value       = data.aws_caller_identity.current.account_id
}

output "region" {
  description = "The region that the stack is in."
  value       = data.aws_region.current.region
}

output "transform_code_sha256" {
  description = "Base64 of the SHA-256 of transform's package, to tell whether it is what was built here."
  value       = aws_lambda_function.transform.source_code_hash
}

output "load_code_sha256" {
  description = "Base64 of the SHA-256 of load's package."
  value       = aws_lambda_function.load.source_code_hash
}

output "database_kind" {
  description = "What kind of database the stack has: rds, ec2 or existing."
  value       = var.database
}

output "database_host" {
  description = "Where the database is; null if it existed before. Reachable from load and from database_client_cidrs."
  value       = one(concat(aws_db_instance.main[*].address, aws_instance.database[*].public_dns))
}

output "database_port" {
  description = "The database's port; null if it existed before."
  value       = var.database == "existing" ? null : local.database_port
}

output "database_name" {
  description = "The name of the database on its server; null if it existed before."
  value       = var.database == "existing" ? null : local.database_name
}

output "database_secret_arn" {
  description = "The secret with the database's user and password; null if it existed before."
  value       = local.database_secret_arn
}
