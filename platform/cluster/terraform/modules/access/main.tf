# What nodes may do at AWS: a role a pool, each with what runs there.
variable "name" { type = string }
variable "pools" { type = list(string) }
variable "backups_arn" { type = string }
variable "images_arn" { type = string }
variable "secrets" { type = object({ arn = string, key_arn = string }) }

data "aws_iam_policy_document" "ec2" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "pool" {
  for_each = toset(var.pools)

  name               = "${var.name}-${each.key}"
  assume_role_policy = data.aws_iam_policy_document.ec2.json
}

resource "aws_iam_instance_profile" "pool" {
  for_each = toset(var.pools)

  name = "${var.name}-${each.key}"
  role = aws_iam_role.pool[each.key].name
}

# PostgreSQL's backups are written where it runs, etcd's snapshots on the control plane; neither may delete.
data "aws_iam_policy_document" "backups" {
  statement {
    actions   = ["s3:ListBucket"]
    resources = [var.backups_arn]
  }

  statement {
    actions   = ["s3:GetObject", "s3:PutObject"]
    resources = ["${var.backups_arn}/*"]
  }
}

resource "aws_iam_role_policy" "backups" {
  for_each = toset(["stateful", "control-plane"])

  name   = "backups"
  role   = aws_iam_role.pool[each.key].id
  policy = data.aws_iam_policy_document.backups.json
}

# External Secrets runs on general.
data "aws_iam_policy_document" "secrets" {
  statement {
    actions   = ["ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath"]
    resources = [var.secrets.arn]
  }

  statement {
    actions   = ["kms:Decrypt"]
    resources = [var.secrets.key_arn]
  }
}

resource "aws_iam_role_policy" "secrets" {
  name   = "secrets"
  role   = aws_iam_role.pool["general"].id
  policy = data.aws_iam_policy_document.secrets.json
}

# Who signs uploads. Its key is made by hand (`aws iam create-access-key`) and put into SSM, so that no state holds it.
resource "aws_iam_user" "signer" {
  #checkov:skip=CKV_AWS_273:no person: it signs uploads, and a signature by a role ends with the role's session

  name = "${var.name}-pictures"
}

data "aws_iam_policy_document" "pictures" {
  statement {
    actions   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]
    resources = ["${var.images_arn}/*"]
  }
}

resource "aws_iam_user_policy" "pictures" {
  #checkov:skip=CKV_AWS_40:one user with one right; a group would have one member

  name   = "pictures"
  user   = aws_iam_user.signer.name
  policy = data.aws_iam_policy_document.pictures.json
}

output "profiles" { value = { for pool in var.pools : pool => aws_iam_instance_profile.pool[pool].name } }
