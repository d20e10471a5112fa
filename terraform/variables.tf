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
}

variable "database_url" {
  description = "Where load writes: mysql://user:password@host:port/database."
  type        = string
  sensitive   = true
  nullable    = false

  validation {
    condition     = startswith(var.database_url, "mysql://")
    error_message = "The database URL must begin with mysql://."
  }
}

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

variable "functions_dir" {
  description = "Where `cargo lambda build --output-format zip` left <function>/bootstrap.zip."
  type        = string
  default     = "../target/lambda"
  nullable    = false
}

variable "architecture" {
  description = "The processor that the functions were built for."
  type        = string
  default     = "x86_64"
  nullable    = false

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "The architecture must be arm64 or x86_64."
  }
}

variable "log_retention_days" {
  description = "How long the functions' logs are kept."
  type        = number
  default     = 30
  nullable    = false
}
