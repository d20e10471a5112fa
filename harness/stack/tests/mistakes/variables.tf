variable "missing" {
  type = string
}

variable "typed" {
  type    = number
  default = "many"
}

variable "validated" {
  type    = string
  default = "Zipster"

  validation {
    condition     = can(regex("^[a-z]+$", var.validated))
    error_message = "The name must have lower-case letters only."
  }
}

variable "shape" {
  type = objekt({ a = strin })
}

variable "secret" {
  type      = string
  default   = "hunter2"
  sensitive = true
}

variable "given" {
  type = list(string)
}

output "secret" {
  value = "password: ${var.secret}"
}

variable "twice" {
  default = 1
}

variable "twice" {
  defualt = 1
}

variable "called" {
  default = upper("a")
}
