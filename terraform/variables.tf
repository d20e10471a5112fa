variable "project" {
  description = "The first part of every resource's name."
  type        = string
  default     = "zipster"
  nullable    = false

  # The longest name made from it is a bucket's, of 63 characters, with the account's 12 digits.
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,30}[a-z0-9]$", var.project))
    error_message = "The project must have 3 to 32 lower-case letters, digits and hyphens, beginning with a letter."
  }

  # RDS takes it as an identifier.
  validation {
    condition     = !strcontains(var.project, "--")
    error_message = "The project must not have two hyphens in a row."
  }
}

# Functions

variable "functions_dir" {
  description = "Where `cargo lambda build --output-format zip` left <function>/bootstrap.zip."
  type        = string
  default     = "../target/lambda"
  nullable    = false
}

variable "architecture" {
  description = "The processor that the functions were built for: arm64, which is cheaper, or x86_64."
  type        = string
  default     = "arm64"
  nullable    = false

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "The architecture must be arm64 or x86_64."
  }
}

variable "transform_concurrency" {
  description = "How many files transform takes at a time; -1 for as many as the account allows. A new account has 10 in all, and keeps them unreserved."
  type        = number
  default     = 10
  nullable    = false

  validation {
    condition     = var.transform_concurrency == -1 || var.transform_concurrency >= 1
    error_message = "The concurrency must be at least 1, or -1 for no limit."
  }
}

variable "load_concurrency" {
  description = "How many files load takes at a time, each with a connection to the database; -1 for no limit."
  type        = number
  default     = 5
  nullable    = false

  validation {
    condition     = var.load_concurrency == -1 || var.load_concurrency >= 1
    error_message = "The concurrency must be at least 1, or -1 for no limit."
  }
}

variable "log_retention_days" {
  description = "For how long logs are kept, in days."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition = contains([
      1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
    ], var.log_retention_days)
    error_message = "CloudWatch Logs keeps logs for 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653 days."
  }
}

# Files

variable "noncurrent_version_days" {
  description = "For how many days a file can be had back that was deleted or replaced."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.noncurrent_version_days >= 1
    error_message = "Old versions are kept for at least a day."
  }
}

variable "error_file_days" {
  description = "After how many days error files are deleted; null keeps them."
  type        = number
  default     = null

  validation {
    condition     = var.error_file_days == null ? true : var.error_file_days >= 1
    error_message = "Error files are kept for at least a day."
  }
}

variable "force_destroy" {
  description = "Whether `terraform destroy` deletes buckets that are not empty."
  type        = bool
  default     = false
  nullable    = false
}

# Who is told

variable "notification_emails" {
  description = "Addresses that are told when a file is through, or has failed. Each has to confirm once."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for email in var.notification_emails : can(regex("^[^@[:space:]]+@[^@[:space:]]+$", email))])
    error_message = "Every notification email must look like name@example.com."
  }
}

variable "notification_phone_numbers" {
  description = "Phone numbers that get the same by SMS, such as +15555550100."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for number in var.notification_phone_numbers : can(regex("^\\+[1-9][0-9]{1,14}$", number))])
    error_message = "Every phone number must be in E.164 form: a plus sign and up to 15 digits."
  }
}

variable "notify_every_step" {
  description = "Whether readers are told of every step, and not only of ends and failures."
  type        = bool
  default     = false
  nullable    = false
}

variable "alarm_emails" {
  description = "Addresses that are told of alarms. Each has to confirm once."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for email in var.alarm_emails : can(regex("^[^@[:space:]]+@[^@[:space:]]+$", email))])
    error_message = "Every alarm email must look like name@example.com."
  }
}

# Database

variable "database" {
  description = "Where MySQL comes from: rds, ec2 (a container on an instance), or existing (database_url)."
  type        = string
  default     = "rds"
  nullable    = false

  validation {
    condition     = contains(["rds", "ec2", "existing"], var.database)
    error_message = "The database must be rds, ec2 or existing."
  }
}

variable "database_url" {
  description = "With database = \"existing\": where load writes, mysql://user:password@host:port/database. It is readable in the function's configuration and in the state: for trials."
  type        = string
  default     = null
  sensitive   = true

  validation {
    condition     = var.database_url == null ? true : startswith(var.database_url, "mysql://")
    error_message = "The database URL must begin with mysql://."
  }

  validation {
    condition     = (var.database == "existing") == (var.database_url != null)
    error_message = "The database URL belongs to database = \"existing\", and to no other."
  }
}

variable "database_client_cidrs" {
  description = "Address ranges outside that may reach the database, such as 203.0.113.7/32. With none it has no public address (rds)."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for cidr in var.database_client_cidrs : can(cidrnetmask(cidr))])
    error_message = "Every range must be an IPv4 CIDR such as 203.0.113.7/32."
  }

  validation {
    condition     = !contains(var.database_client_cidrs, "0.0.0.0/0")
    error_message = "The whole internet has no business in the database."
  }
}

variable "database_instance_class" {
  description = "With database = \"rds\": the instance's class."
  type        = string
  default     = "db.t4g.micro"
  nullable    = false

  validation {
    condition     = startswith(var.database_instance_class, "db.")
    error_message = "The class of an RDS instance begins with db., such as db.t4g.micro."
  }
}

variable "database_instance_type" {
  description = "With database = \"ec2\": the instance's type, with an ARM processor."
  type        = string
  default     = "t4g.small"
  nullable    = false
}

variable "database_multi_az" {
  description = "With database = \"rds\": whether a second instance in another zone stands by."
  type        = bool
  default     = false
  nullable    = false
}

variable "database_backup_days" {
  description = "With database = \"rds\": for how many days backups are kept."
  type        = number
  default     = 7
  nullable    = false

  validation {
    condition     = var.database_backup_days >= 1 && var.database_backup_days <= 35
    error_message = "RDS keeps backups for 1 to 35 days."
  }
}

variable "deletion_protection" {
  description = "Whether AWS refuses to delete the database until this is off again."
  type        = bool
  default     = false
  nullable    = false
}

variable "final_snapshot" {
  description = "With database = \"rds\": whether destroying leaves a last snapshot, named <project>-final."
  type        = bool
  default     = false
  nullable    = false
}

variable "vpc_cidr" {
  description = "The addresses of the network that the database and load are in."
  type        = string
  default     = "10.42.0.0/24"
  nullable    = false

  validation {
    condition     = can(cidrnetmask(var.vpc_cidr)) && try(tonumber(split("/", var.vpc_cidr)[1]) >= 16 && tonumber(split("/", var.vpc_cidr)[1]) <= 24, false)
    error_message = "The network must be an IPv4 range from /16 to /24."
  }
}
