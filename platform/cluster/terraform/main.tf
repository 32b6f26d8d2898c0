# The machines of platform/cluster/inventory, what stands before them, and what they may do.
locals {
  inventory = yamldecode(file("${path.module}/../inventory/inventory.yaml"))
  counts = {
    for name, pool in local.inventory.pools :
    name => min(pool.nodes.most, pool.nodes.least + lookup(var.grown, name, 0))
  }
  # Zones in turn, as `make cost` counts them.
  nodes = merge([
    for name, pool in local.inventory.pools : {
      for number in range(local.counts[name]) : "${name}-${number + 1}" => {
        pool         = name
        zone         = local.inventory.zones[number % length(local.inventory.zones)]
        instance     = pool.instance
        disk_gb      = pool.disk_gb
        data_disk_gb = lookup(pool, "data_disk_gb", 0)
      }
    }
  ]...)
}

module "network" {
  source = "./modules/network"

  name   = local.inventory.cluster
  region = local.inventory.region
  cidr   = local.inventory.networks.nodes
  zones  = local.inventory.zones
}

module "images" {
  source    = "./modules/images"
  providers = { aws = aws, aws.virginia = aws.virginia }

  name   = "${local.inventory.cluster}-images"
  domain = var.domain
}

module "backups" {
  source = "./modules/bucket"

  name         = "${local.inventory.cluster}-backups"
  expires_days = 35
}

module "secrets" {
  source = "./modules/secrets"

  prefix = "/${local.inventory.cluster}"
}

module "access" {
  source = "./modules/access"

  name        = local.inventory.cluster
  pools       = keys(local.inventory.pools)
  backups_arn = module.backups.arn
  images_arn  = module.images.bucket_arn
  secrets     = { arn = module.secrets.arn, key_arn = module.secrets.key_arn }
}

module "nodes" {
  source = "./modules/nodes"

  name        = local.inventory.cluster
  vpc         = { id = module.network.vpc_id, cidr = local.inventory.networks.nodes }
  subnets     = module.network.private_subnets
  nodes       = local.nodes
  profiles    = module.access.profiles
  ami         = var.ami
  public_key  = var.ssh_public_key
  admin_cidrs = var.admin_cidrs
  door        = module.edge.security_group
}

module "edge" {
  source = "./modules/edge"

  name    = local.inventory.cluster
  domain  = var.domain
  vpc     = { id = module.network.vpc_id, cidr = local.inventory.networks.nodes }
  subnets = module.network.public_subnets
}

# Targets are here, not in a module: nodes know the door's group and the door knows the nodes.
resource "aws_lb_target_group_attachment" "general" {
  for_each = { for name, node in local.nodes : name => node if node.pool == "general" }

  target_group_arn = module.edge.target_group
  target_id        = module.nodes.ids[each.key]
  port             = module.edge.node_port
}
