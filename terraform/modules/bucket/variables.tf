variable "name" {
  description = "The bucket's name, unique in the partition."
  type        = string
}

variable "force_destroy" {
  description = "Whether destroying the bucket deletes what is in it, old versions included."
  type        = bool
}

variable "noncurrent_days" {
  description = "For how many days a version is kept that was deleted or replaced."
  type        = number
}

variable "expire_days" {
  description = "After how many days objects are deleted; null for never."
  type        = number
  default     = null
}
