# Where the database is, and where load is when it talks to it. load's subnets have no way out but the endpoints of the
# services that it calls. The database's subnets have none either, unless somebody outside may reach it, or it is an
# instance that fetches MySQL at boot.

locals {
  # 0 or 1 of everything that a database of our own takes.
  own_database = var.database == "existing" ? 0 : 1

  clients_outside    = length(var.database_client_cidrs) > 0
  way_to_internet    = local.own_database == 1 && (local.clients_outside || var.database == "ec2") ? 1 : 0
  availability_zones = slice(data.aws_availability_zones.available.names, 0, 2)

  subnets = local.own_database == 0 ? {} : {
    for at, zone in local.availability_zones : zone => {
      load     = cidrsubnet(var.vpc_cidr, 4, at)
      database = cidrsubnet(var.vpc_cidr, 4, at + 8)
    }
  }
}

data "aws_availability_zones" "available" {
  #checkov:skip=CKV_AWS_394:the first two are taken, and stay the first two when AWS opens another
  state = "available"
}

resource "aws_vpc" "main" {
  #checkov:skip=CKV2_AWS_11:two hosts speak one protocol; flow logs would cost more than they tell
  count = local.own_database

  cidr_block           = var.vpc_cidr
  enable_dns_support   = true
  enable_dns_hostnames = true

  tags = { Name = var.project }
}

# The group that everything gets which names none: it lets nothing through.
resource "aws_default_security_group" "closed" {
  count = local.own_database

  vpc_id = aws_vpc.main[0].id
}

resource "aws_subnet" "load" {
  for_each = local.subnets

  vpc_id            = aws_vpc.main[0].id
  availability_zone = each.key
  cidr_block        = each.value.load

  tags = { Name = "${var.project}-load-${each.key}" }
}

resource "aws_subnet" "database" {
  for_each = local.subnets

  vpc_id            = aws_vpc.main[0].id
  availability_zone = each.key
  cidr_block        = each.value.database

  tags = { Name = "${var.project}-database-${each.key}" }
}

resource "aws_route_table" "load" {
  count = local.own_database

  vpc_id = aws_vpc.main[0].id

  tags = { Name = "${var.project}-load" }
}

resource "aws_route_table" "database" {
  count = local.own_database

  vpc_id = aws_vpc.main[0].id

  tags = { Name = "${var.project}-database" }
}

resource "aws_route_table_association" "load" {
  for_each = aws_subnet.load

  subnet_id      = each.value.id
  route_table_id = aws_route_table.load[0].id
}

resource "aws_route_table_association" "database" {
  for_each = aws_subnet.database

  subnet_id      = each.value.id
  route_table_id = aws_route_table.database[0].id
}

resource "aws_internet_gateway" "main" {
  count = local.way_to_internet

  vpc_id = aws_vpc.main[0].id

  tags = { Name = var.project }
}

resource "aws_route" "internet" {
  count = local.way_to_internet

  route_table_id         = aws_route_table.database[0].id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.main[0].id
}

# What load calls, and nothing else, and as nobody else.

data "aws_iam_policy_document" "s3_endpoint" {
  statement {
    actions   = ["s3:GetObject", "s3:DeleteObject"]
    resources = ["${module.load_bucket.arn}/*"]

    principals {
      type        = "AWS"
      identifiers = [aws_iam_role.load.arn]
    }
  }

  statement {
    actions   = ["s3:ListBucket"]
    resources = [module.load_bucket.arn]

    principals {
      type        = "AWS"
      identifiers = [aws_iam_role.load.arn]
    }
  }
}

resource "aws_vpc_endpoint" "s3" {
  count = local.own_database

  vpc_id            = aws_vpc.main[0].id
  service_name      = "com.amazonaws.${data.aws_region.current.region}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [aws_route_table.load[0].id]
  policy            = data.aws_iam_policy_document.s3_endpoint.json

  tags = { Name = "${var.project}-s3" }
}

locals {
  interface_endpoints = local.own_database == 0 ? {} : {
    sns            = { actions = ["sns:Publish"], resource = aws_sns_topic.load.arn }
    secretsmanager = { actions = ["secretsmanager:GetSecretValue"], resource = local.database_secret_arn }
  }
}

data "aws_iam_policy_document" "interface_endpoint" {
  for_each = local.interface_endpoints

  statement {
    actions   = each.value.actions
    resources = [each.value.resource]

    principals {
      type        = "AWS"
      identifiers = [aws_iam_role.load.arn]
    }
  }
}

resource "aws_vpc_endpoint" "interface" {
  for_each = local.interface_endpoints

  vpc_id              = aws_vpc.main[0].id
  service_name        = "com.amazonaws.${data.aws_region.current.region}.${each.key}"
  vpc_endpoint_type   = "Interface"
  subnet_ids          = [for subnet in aws_subnet.load : subnet.id]
  security_group_ids  = [aws_security_group.endpoints[0].id]
  private_dns_enabled = true
  policy              = data.aws_iam_policy_document.interface_endpoint[each.key].json

  tags = { Name = "${var.project}-${each.key}" }
}

# Who may speak to whom. Groups answer what they were asked without a rule for it.

resource "aws_security_group" "load" {
  #checkov:skip=CKV2_AWS_5:the load function has it
  count = local.own_database

  name_prefix = "${var.project}-load-"
  description = "The load function"
  vpc_id      = aws_vpc.main[0].id

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_security_group" "endpoints" {
  #checkov:skip=CKV2_AWS_5:the interface endpoints have it
  count = local.own_database

  name_prefix = "${var.project}-endpoints-"
  description = "Endpoints of the services that load calls"
  vpc_id      = aws_vpc.main[0].id

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_security_group" "database" {
  #checkov:skip=CKV2_AWS_5:the database has it
  count = local.own_database

  name_prefix = "${var.project}-database-"
  description = "MySQL"
  vpc_id      = aws_vpc.main[0].id

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_egress_rule" "load_to_database" {
  count = local.own_database

  security_group_id            = aws_security_group.load[0].id
  description                  = "MySQL"
  referenced_security_group_id = aws_security_group.database[0].id
  ip_protocol                  = "tcp"
  from_port                    = local.database_port
  to_port                      = local.database_port
}

resource "aws_vpc_security_group_egress_rule" "load_to_endpoints" {
  count = local.own_database

  security_group_id            = aws_security_group.load[0].id
  description                  = "SNS and Secrets Manager"
  referenced_security_group_id = aws_security_group.endpoints[0].id
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
}

resource "aws_vpc_security_group_egress_rule" "load_to_s3" {
  count = local.own_database

  security_group_id = aws_security_group.load[0].id
  description       = "S3"
  prefix_list_id    = aws_vpc_endpoint.s3[0].prefix_list_id
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_ingress_rule" "load_to_endpoints" {
  count = local.own_database

  security_group_id            = aws_security_group.endpoints[0].id
  description                  = "The load function"
  referenced_security_group_id = aws_security_group.load[0].id
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
}

resource "aws_vpc_security_group_ingress_rule" "load_to_database" {
  count = local.own_database

  security_group_id            = aws_security_group.database[0].id
  description                  = "The load function"
  referenced_security_group_id = aws_security_group.load[0].id
  ip_protocol                  = "tcp"
  from_port                    = local.database_port
  to_port                      = local.database_port
}

resource "aws_vpc_security_group_ingress_rule" "clients_to_database" {
  for_each = toset(local.own_database == 0 ? [] : var.database_client_cidrs)

  security_group_id = aws_security_group.database[0].id
  description       = "Named in database_client_cidrs"
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = local.database_port
  to_port           = local.database_port
}

# The instance fetches packages, an image and its secret's address over HTTPS.
resource "aws_vpc_security_group_egress_rule" "database_to_internet" {
  count = var.database == "ec2" ? 1 : 0

  security_group_id = aws_security_group.database[0].id
  description       = "Packages, the image of MySQL, Secrets Manager"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}
