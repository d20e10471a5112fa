# Types that a local stack does not make are checked as well.

resource "aws_vpc" "main" {
  cidr_blok = "10.0.0.0/16"
}

resource "aws_subnet" "main" {
  vpc_id = aws_vpc.main.vpc_id
  arn    = "arn:aws:ec2:::subnet/x"
}

resource "aws_cloudwatch_metric_alarm" "errors" {
  alarm_name          = "errors"
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = "often"
  dimension { name = "FunctionName" }
}

resource "aws_security_group" "database" {
  ingress {
    from_port = 3306
    to_port   = 3306
    portocol  = "tcp"
  }
}

resource "aws_db_proxy" "main" {
  name           = "main"
  engine_family  = "MYSQL"
  role_arn       = aws_db_instance.main.master_user_secret[0].arn
  vpc_subnet_ids = [aws_subnet.main.id]
}

resource "aws_db_instance" "main" {
  instance_class = "db.t4g.micro"
}
