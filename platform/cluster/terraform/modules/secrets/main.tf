# Places for secrets, not the secrets: values are put by hand or by who made them, and no state or plan ever holds one.
variable "prefix" { type = string }

locals {
  names = [
    "database/url", "valkey/passwords",
    "redis/streams", "redis/pubsub", "redis/cache", "redis/auth", "redis/state",
    "objects/access-key", "objects/secret-key",
    "providers/openai", "providers/gemini",
    "signing-keys/all", "verifying-keys/all", "inside", "slack/url",
  ]
}

resource "aws_kms_key" "this" {
  #checkov:skip=CKV2_AWS_64:AWS's own policy: who may use it is said by roles (modules/access)

  description         = "Secrets of ${var.prefix}"
  enable_key_rotation = true
}

resource "aws_ssm_parameter" "secret" {
  for_each = toset(local.names)

  name   = "${var.prefix}/${each.key}"
  type   = "SecureString"
  key_id = aws_kms_key.this.arn
  value  = "unset"

  lifecycle {
    ignore_changes = [value]
  }
}

output "names" { value = [for parameter in aws_ssm_parameter.secret : parameter.name] }
output "key_arn" { value = aws_kms_key.this.arn }
output "arn" { value = "arn:aws:ssm:*:*:parameter${var.prefix}/*" }
