# A private bucket: encrypted, versioned, reached by TLS only.
variable "name" { type = string }
variable "expires_days" {
  type    = number
  default = 0 # objects stay
}
variable "old_versions_days" {
  type    = number
  default = 30
}

resource "aws_s3_bucket" "this" {
  #checkov:skip=CKV_AWS_18:pictures are read by CloudFront alone, backups by the nodes that write them
  #checkov:skip=CKV_AWS_144:three zones hold it; the loss of a region is not provided for (docs/backup.md)
  #checkov:skip=CKV_AWS_145:encrypted by S3's key; one of our own would have the same readers
  #checkov:skip=CKV2_AWS_62:nobody waits for an object: the client says when its picture is there

  bucket = var.name
}

resource "aws_s3_bucket_public_access_block" "this" {
  bucket                  = aws_s3_bucket.this.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_versioning" "this" {
  bucket = aws_s3_bucket.this.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    id     = "old"
    status = "Enabled"

    filter {
      prefix = ""
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 2
    }

    noncurrent_version_expiration {
      noncurrent_days = var.old_versions_days
    }

    dynamic "expiration" {
      for_each = var.expires_days > 0 ? [var.expires_days] : []

      content {
        days = expiration.value
      }
    }
  }
}

output "name" { value = aws_s3_bucket.this.bucket }
output "arn" { value = aws_s3_bucket.this.arn }
output "regional_domain" { value = aws_s3_bucket.this.bucket_regional_domain_name }
