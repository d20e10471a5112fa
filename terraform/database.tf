# MySQL 8.4, on RDS or in a container on an instance. Nobody but AWS knows the password: it is made there, kept in Secrets
# Manager, and neither in Terraform's state nor in a variable. The schema is not made here: `migrations/` has it, and the
# harness applies it.

locals {
  database_name = "zipster"
  database_user = "zipster"
  database_port = 3306

  database_host = one(concat(aws_db_instance.main[*].address, aws_instance.database[*].private_dns))
  database_secret_arn = one(concat(
    [for instance in aws_db_instance.main : instance.master_user_secret[0].secret_arn],
    aws_secretsmanager_secret.database[*].arn,
  ))
}

# database = "rds"

resource "aws_db_subnet_group" "main" {
  count = var.database == "rds" ? 1 : 0

  name       = var.project
  subnet_ids = [for subnet in aws_subnet.database : subnet.id]
}

resource "aws_db_parameter_group" "main" {
  count = var.database == "rds" ? 1 : 0

  name_prefix = "${var.project}-"
  description = "MySQL that is spoken to through TLS only"
  family      = "mysql8.4"

  parameter {
    name  = "require_secure_transport"
    value = "1"
  }

  lifecycle {
    create_before_destroy = true
  }
}

# RDS would make them itself, without retention, and leave them behind.
resource "aws_cloudwatch_log_group" "database" {
  #checkov:skip=CKV_AWS_158:CloudWatch Logs encrypts with its own key
  #checkov:skip=CKV_AWS_338:for how long logs are worth their price is the variable's to say
  for_each = toset(var.database == "rds" ? ["error", "slowquery"] : [])

  name              = "/aws/rds/instance/${var.project}/${each.value}"
  retention_in_days = var.log_retention_days
}

resource "aws_db_instance" "main" {
  #checkov:skip=CKV_AWS_17:public only if database_client_cidrs names somebody, and then to them alone
  #checkov:skip=CKV_AWS_157:a variable decides: a second instance doubles the price
  #checkov:skip=CKV_AWS_293:a variable decides: protected, the stack cannot be destroyed
  #checkov:skip=CKV_AWS_161:load keeps its connection; a password from Secrets Manager serves it and people alike
  #checkov:skip=CKV_AWS_118:enhanced monitoring needs a role and sends metrics that nobody has an alarm on
  #checkov:skip=CKV_AWS_353:the smallest classes do not have Performance Insights
  count = var.database == "rds" ? 1 : 0

  identifier     = var.project
  engine         = "mysql"
  engine_version = "8.4"
  instance_class = var.database_instance_class
  multi_az       = var.database_multi_az

  storage_type          = "gp3"
  allocated_storage     = 20
  max_allocated_storage = 100
  storage_encrypted     = true

  db_name                     = local.database_name
  username                    = local.database_user
  port                        = local.database_port
  manage_master_user_password = true

  db_subnet_group_name   = aws_db_subnet_group.main[0].name
  vpc_security_group_ids = [aws_security_group.database[0].id]
  parameter_group_name   = aws_db_parameter_group.main[0].name
  publicly_accessible    = local.clients_outside

  backup_retention_period    = var.database_backup_days
  backup_window              = "02:00-03:00"
  maintenance_window         = "sun:03:30-sun:04:30"
  auto_minor_version_upgrade = true
  copy_tags_to_snapshot      = true
  delete_automated_backups   = true

  deletion_protection       = var.deletion_protection
  skip_final_snapshot       = !var.final_snapshot
  final_snapshot_identifier = var.final_snapshot ? "${var.project}-final" : null

  enabled_cloudwatch_logs_exports = ["error", "slowquery"]

  depends_on = [aws_cloudwatch_log_group.database]
}

# database = "ec2"

data "aws_ami" "amazon_linux" {
  count = var.database == "ec2" ? 1 : 0

  most_recent = true
  owners      = ["amazon"]

  filter {
    name   = "name"
    values = ["al2023-ami-2023.*-arm64"]
  }
}

# The instance writes the password here that it makes up at boot.
resource "aws_secretsmanager_secret" "database" {
  #checkov:skip=CKV_AWS_149:encrypted with the key that AWS manages for Secrets Manager
  #checkov:skip=CKV2_AWS_57:the instance sets the password once; rotating it would take a function of its own
  count = var.database == "ec2" ? 1 : 0

  name_prefix = "${var.project}-database-"
  description = "User and password of the MySQL server on the instance"

  # Otherwise it would outlive the stack by a month.
  recovery_window_in_days = 0
}

data "aws_iam_policy_document" "instance_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "instance" {
  count = var.database == "ec2" ? 1 : 0

  statement {
    sid       = "SetPassword"
    actions   = ["secretsmanager:PutSecretValue"]
    resources = [aws_secretsmanager_secret.database[0].arn]
  }
}

resource "aws_iam_role" "instance" {
  count = var.database == "ec2" ? 1 : 0

  name               = "${var.project}-database"
  assume_role_policy = data.aws_iam_policy_document.instance_trust.json
}

resource "aws_iam_role_policy" "instance" {
  count = var.database == "ec2" ? 1 : 0

  name   = "database"
  role   = aws_iam_role.instance[0].id
  policy = data.aws_iam_policy_document.instance[0].json
}

resource "aws_iam_instance_profile" "database" {
  count = var.database == "ec2" ? 1 : 0

  name = "${var.project}-database"
  role = aws_iam_role.instance[0].name
}

resource "aws_instance" "database" {
  #checkov:skip=CKV_AWS_88:it fetches packages through its address; the security group lets nobody in but load and database_client_cidrs
  #checkov:skip=CKV_AWS_126:metrics every five minutes are enough for a database that rests most of the day
  count = var.database == "ec2" ? 1 : 0

  ami                         = data.aws_ami.amazon_linux[0].id
  instance_type               = var.database_instance_type
  subnet_id                   = aws_subnet.database[local.availability_zones[0]].id
  vpc_security_group_ids      = [aws_security_group.database[0].id]
  iam_instance_profile        = aws_iam_instance_profile.database[0].name
  associate_public_ip_address = true
  ebs_optimized               = true
  disable_api_termination     = var.deletion_protection

  user_data = templatefile("${path.module}/database/provision.sh.tftpl", {
    region     = data.aws_region.current.region
    secret_arn = aws_secretsmanager_secret.database[0].arn
    database   = local.database_name
    user       = local.database_user
    port       = local.database_port
  })

  metadata_options {
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  root_block_device {
    volume_type = "gp3"
    volume_size = 20
    encrypted   = true
  }

  tags = { Name = "${var.project}-database" }

  # It cannot be provisioned before it reaches the internet and may set its password.
  depends_on = [aws_route.internet, aws_route_table_association.database, aws_iam_role_policy.instance]

  lifecycle {
    # A newer image or script must not replace the instance, and with it the data.
    ignore_changes = [ami, user_data]
  }
}
