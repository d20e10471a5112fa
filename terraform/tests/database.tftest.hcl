# The database of our own: who reaches it, how its password is kept, and what load may do there.

mock_provider "aws" {
  source = "./tests/aws"

  mock_resource "aws_secretsmanager_secret" {
    defaults = { arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:zipster-database-1-AbCdEf" }
  }
}

override_module {
  target  = module.input_bucket
  outputs = { name = "zipster-input-123456789012", arn = "arn:aws:s3:::zipster-input-123456789012" }
}

override_module {
  target  = module.load_bucket
  outputs = { name = "zipster-load-123456789012", arn = "arn:aws:s3:::zipster-load-123456789012" }
}

override_module {
  target  = module.error_bucket
  outputs = { name = "zipster-errors-123456789012", arn = "arn:aws:s3:::zipster-errors-123456789012" }
}

override_resource {
  target = aws_db_instance.main
  values = {
    address            = "zipster.abc.eu-central-1.rds.amazonaws.com"
    port               = 3306
    master_user_secret = [{ secret_arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds-db-AbCdEf" }]
  }
}

override_resource {
  target = aws_instance.database
  values = { private_dns = "ip-10-42-0-132.eu-central-1.compute.internal" }
}

override_resource {
  target = aws_security_group.load
  values = { id = "sg-load" }
}

override_resource {
  target = aws_security_group.database
  values = { id = "sg-database" }
}

override_resource {
  target = aws_security_group.endpoints
  values = { id = "sg-endpoints" }
}

run "rds" {
  assert {
    condition = alltrue([
      for database in aws_db_instance.main :
      database.engine == "mysql" && database.engine_version == "8.4" && database.storage_encrypted &&
      database.manage_master_user_password && database.password == null && !database.publicly_accessible &&
      database.backup_retention_period == 7 && tolist(database.vpc_security_group_ids) == tolist(["sg-database"])
    ]) && length(aws_db_instance.main) == 1
    error_message = "MySQL 8.4, encrypted, backed up, in private subnets, with a password that only AWS knows."
  }

  assert {
    condition     = [for parameter in aws_db_parameter_group.main[0].parameter : [parameter.name, parameter.value]] == [["require_secure_transport", "1"]]
    error_message = "The database is spoken to through TLS only."
  }

  assert {
    condition = tomap(aws_lambda_function.load.environment[0].variables) == tomap({
      TOPIC_ARN           = aws_sns_topic.load.arn
      DATABASE_HOST       = "zipster.abc.eu-central-1.rds.amazonaws.com"
      DATABASE_PORT       = "3306"
      DATABASE_NAME       = "zipster"
      DATABASE_SECRET_ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds-db-AbCdEf"
    })
    error_message = "load is told where the database and its secret are, and no password."
  }

  assert {
    condition = contains([
      for statement in data.aws_iam_policy_document.load.statement :
      "${join(",", statement.actions)} ${join(",", statement.resources)}"
    ], "secretsmanager:GetSecretValue arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds-db-AbCdEf")
    error_message = "load may read its password, and no other secret."
  }

  assert {
    condition     = [for network in aws_lambda_function.load.vpc_config : tolist(network.security_group_ids)] == [tolist(["sg-load"])]
    error_message = "load is in the database's network."
  }

  assert {
    condition     = length(aws_lambda_function.transform.vpc_config) == 0
    error_message = "transform is in no network."
  }

  # One way in, from load.
  assert {
    condition = alltrue([
      for rule in aws_vpc_security_group_ingress_rule.load_to_database :
      rule.security_group_id == "sg-database" && rule.referenced_security_group_id == "sg-load" &&
      rule.from_port == 3306 && rule.to_port == 3306 && rule.ip_protocol == "tcp"
      ]) && length(aws_vpc_security_group_ingress_rule.load_to_database) == 1 && (
      length(aws_vpc_security_group_ingress_rule.clients_to_database) == 0
    )
    error_message = "The database is reached from load, on MySQL's port, and from nowhere else."
  }

  assert {
    condition = (
      length(aws_internet_gateway.main) == 0 && length(aws_route.internet) == 0 &&
      length(aws_vpc_security_group_egress_rule.database_to_internet) == 0
    )
    error_message = "The network has no way to the internet."
  }

  assert {
    condition     = keys(aws_vpc_endpoint.interface) == ["secretsmanager", "sns"] && length(aws_vpc_endpoint.s3) == 1
    error_message = "Without a way out, load needs endpoints for S3, SNS and Secrets Manager."
  }

  # The function's code is denied what Lambda needs for its network interface.
  assert {
    condition = toset(flatten([for statement in data.aws_iam_policy_document.load_network.statement : statement.actions if statement.effect == "Deny"])) == (
      toset(flatten([for statement in data.aws_iam_policy_document.load_network.statement : statement.actions if statement.effect != "Deny"]))
    )
    error_message = "What the role may do for Lambda's sake, the function's code may not."
  }
}

run "rds_with_clients_outside" {
  variables {
    database_client_cidrs = ["203.0.113.7/32"]
  }

  assert {
    condition = { for cidr, rule in aws_vpc_security_group_ingress_rule.clients_to_database : cidr => [rule.security_group_id, rule.cidr_ipv4, rule.from_port, rule.to_port] } == {
      "203.0.113.7/32" = ["sg-database", "203.0.113.7/32", 3306, 3306]
    }
    error_message = "Clients outside are let in by their range, on MySQL's port."
  }

  assert {
    condition     = aws_db_instance.main[0].publicly_accessible && length(aws_internet_gateway.main) == 1
    error_message = "Clients outside need a public address and a way to it."
  }
}

run "ec2" {
  variables {
    database = "ec2"
  }

  assert {
    condition     = length(aws_db_instance.main) == 0 && length(aws_instance.database) == 1
    error_message = "There is an instance instead of RDS."
  }

  assert {
    condition = alltrue([
      for instance in aws_instance.database :
      instance.metadata_options[0].http_tokens == "required" && instance.root_block_device[0].encrypted &&
      tolist(instance.vpc_security_group_ids) == tolist(["sg-database"])
    ])
    error_message = "The instance's disk is encrypted, and its metadata asks for a token."
  }

  assert {
    condition = [
      for statement in data.aws_iam_policy_document.instance[0].statement : [tolist(statement.actions), tolist(statement.resources)]
      ] == [[
        tolist(["secretsmanager:PutSecretValue"]),
        tolist(["arn:aws:secretsmanager:eu-central-1:123456789012:secret:zipster-database-1-AbCdEf"]),
    ]]
    error_message = "The instance may write the password that it makes up, and nothing else."
  }

  assert {
    condition = tomap(aws_lambda_function.load.environment[0].variables) == tomap({
      TOPIC_ARN           = aws_sns_topic.load.arn
      DATABASE_HOST       = "ip-10-42-0-132.eu-central-1.compute.internal"
      DATABASE_PORT       = "3306"
      DATABASE_NAME       = "zipster"
      DATABASE_SECRET_ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:zipster-database-1-AbCdEf"
    })
    error_message = "load is told where the instance and its secret are."
  }
}
