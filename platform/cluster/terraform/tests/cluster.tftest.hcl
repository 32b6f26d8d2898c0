# What must hold of any plan. The provider is the schema's: it refuses unknown attributes and makes ids up.
variables {
  domain         = "eco2.example"
  admin_cidrs    = ["203.0.113.7/32"]
  ssh_public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIexample admin"
  ami            = "ami-0123456789abcdef0"
}

run "nodes_are_the_inventorys" {
  command = plan

  assert {
    condition     = length(local.nodes) == sum([for pool in local.inventory.pools : pool.nodes.least])
    error_message = "As many nodes as always run."
  }

  assert {
    condition = alltrue([
      for pool in ["control-plane", "stateful", "general"] :
      length(distinct([for node in local.nodes : node.zone if node.pool == pool])) == 3
    ])
    error_message = "A pool of three stands in three zones."
  }
}

run "a_pool_grows_no_further_than_the_inventory_says" {
  command = plan

  variables {
    grown = { worker-ai = 100 }
  }

  assert {
    condition     = length([for node in local.nodes : node if node.pool == "worker-ai"]) == local.inventory.pools["worker-ai"].nodes.most
    error_message = "Not above `most`."
  }
}

run "administration_is_not_open_to_the_world" {
  command = plan

  variables {
    admin_cidrs = ["0.0.0.0/0"]
  }

  expect_failures = [var.admin_cidrs]
}

run "an_image_is_named_by_its_id" {
  command = plan

  variables {
    ami = "debian-12"
  }

  expect_failures = [var.ami]
}
