variable "domain" {
  description = "The hosted zone; the API is api.<domain>, pictures are at images.<domain>"
  type        = string
}

variable "admin_cidrs" {
  description = "Whence ssh and the Kubernetes API may be reached: a VPN's addresses"
  type        = list(string)

  validation {
    condition     = !contains(var.admin_cidrs, "0.0.0.0/0")
    error_message = "Not from everywhere: name the addresses of a VPN."
  }
}

variable "ssh_public_key" {
  description = "Of whoever runs Ansible"
  type        = string
}

variable "ami" {
  description = "Debian 12 for amd64 in the region, by id, so that a new image is a decision"
  type        = string

  validation {
    condition     = startswith(var.ami, "ami-")
    error_message = "An id like ami-0123456789abcdef0."
  }
}

variable "grown" {
  description = "Pool → nodes beyond those that always run, at most up to the inventory's `most`"
  type        = map(number)
  default     = {}
}
