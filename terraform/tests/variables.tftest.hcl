# Values that would fail on AWS late, or harm, are refused before anything is planned.

mock_provider "aws" {
  source = "./tests/aws"
}

run "refuses_a_project_with_a_capital_letter" {
  command = plan

  variables {
    project = "Zipster"
  }

  expect_failures = [var.project]
}

run "refuses_a_project_with_two_hyphens_in_a_row" {
  command = plan

  variables {
    project = "zip--ster"
  }

  expect_failures = [var.project]
}

run "refuses_an_unknown_processor" {
  command = plan

  variables {
    architecture = "riscv64"
  }

  expect_failures = [var.architecture]
}

run "refuses_no_concurrency_for_transform" {
  command = plan

  variables {
    transform_concurrency = 0
  }

  expect_failures = [var.transform_concurrency]
}

run "refuses_a_negative_concurrency_for_load" {
  command = plan

  variables {
    load_concurrency = -2
  }

  expect_failures = [var.load_concurrency]
}

run "refuses_a_retention_that_cloudwatch_logs_does_not_have" {
  command = plan

  variables {
    log_retention_days = 31
  }

  expect_failures = [var.log_retention_days]
}

run "refuses_old_versions_that_are_not_kept" {
  command = plan

  variables {
    noncurrent_version_days = 0
  }

  expect_failures = [var.noncurrent_version_days]
}

run "refuses_error_files_that_are_not_kept" {
  command = plan

  variables {
    error_file_days = 0
  }

  expect_failures = [var.error_file_days]
}

run "refuses_an_address_without_a_host" {
  command = plan

  variables {
    notification_emails = ["reader"]
  }

  expect_failures = [var.notification_emails]
}

run "refuses_a_phone_number_without_its_country" {
  command = plan

  variables {
    notification_phone_numbers = ["0555"]
  }

  expect_failures = [var.notification_phone_numbers]
}

run "refuses_an_address_with_a_space" {
  command = plan

  variables {
    alarm_emails = ["a b@example.com"]
  }

  expect_failures = [var.alarm_emails]
}

run "refuses_an_unknown_database" {
  command = plan

  variables {
    database = "oracle"
  }

  expect_failures = [var.database]
}

run "refuses_the_whole_internet_in_the_database" {
  command = plan

  variables {
    database_client_cidrs = ["0.0.0.0/0"]
  }

  expect_failures = [var.database_client_cidrs]
}

run "refuses_an_address_that_is_no_range" {
  command = plan

  variables {
    database_client_cidrs = ["203.0.113.7"]
  }

  expect_failures = [var.database_client_cidrs]
}

run "refuses_a_class_that_is_not_rdss" {
  command = plan

  variables {
    database_instance_class = "t4g.micro"
  }

  expect_failures = [var.database_instance_class]
}

run "refuses_no_backups" {
  command = plan

  variables {
    database_backup_days = 0
  }

  expect_failures = [var.database_backup_days]
}

run "refuses_a_network_that_is_too_small" {
  command = plan

  variables {
    vpc_cidr = "10.0.0.0/28"
  }

  expect_failures = [var.vpc_cidr]
}

run "refuses_an_existing_database_without_an_address" {
  command = plan

  variables {
    database = "existing"
  }

  expect_failures = [var.database_url]
}

run "refuses_an_address_beside_a_database_of_our_own" {
  command = plan

  variables {
    database_url = "mysql://user:password@db.example.com:3306/zipster"
  }

  expect_failures = [var.database_url]
}

run "refuses_an_address_of_another_kind_of_database" {
  command = plan

  variables {
    database     = "existing"
    database_url = "postgres://db.example.com/zipster"
  }

  expect_failures = [var.database_url]
}
