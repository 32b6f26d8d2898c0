output "ansible_inventory" {
  description = "`tofu output -raw ansible_inventory > ../ansible/inventory/hosts.yaml`"
  value = yamlencode({
    all = {
      vars = {
        eco2_cluster        = local.inventory.cluster
        eco2_kubernetes     = local.inventory.kubernetes
        eco2_pod_network    = local.inventory.networks.pods
        eco2_service_net    = local.inventory.networks.services
        eco2_lost_node      = local.inventory.lost_node
        eco2_api_endpoint   = module.nodes.api_endpoint
        eco2_backups_bucket = module.backups.name
      }
      children = {
        for pool, settings in local.inventory.pools : replace(pool, "-", "_") => {
          vars = { eco2_pool = pool, eco2_labels = settings.labels, eco2_taints = settings.taints }
          hosts = {
            for name, node in local.nodes : name => {
              ansible_host   = module.nodes.addresses[name]
              eco2_zone      = "${local.inventory.region}${node.zone}"
              eco2_data_disk = node.data_disk_gb > 0 ? "/dev/sdf" : ""
            } if node.pool == pool
          }
        }
      }
    }
  })
}

output "api" {
  description = "Where clients come in"
  value       = module.edge.url
}

output "images" {
  description = "ECO2_CDN_URL of the overlay"
  value       = module.images.url
}
