terraform {
  required_version = ">= 1.10"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.0"
    }
  }

  # `tofu init -backend-config=backend.tfvars`: bucket, key, region; the lock lies beside the state.
  backend "s3" {
    encrypt      = true
    use_lockfile = true
  }
}

provider "aws" {
  region = local.inventory.region

  default_tags {
    tags = { project = "eco2", cluster = local.inventory.cluster, made-by = "platform/cluster/terraform" }
  }
}

# CloudFront takes certificates from there only.
provider "aws" {
  alias  = "virginia"
  region = "us-east-1"

  default_tags {
    tags = { project = "eco2", cluster = local.inventory.cluster, made-by = "platform/cluster/terraform" }
  }
}
