# The machines, one a node, and who reaches them: each other, the door, and administrators by the VPN.
variable "name" { type = string }
variable "vpc" { type = object({ id = string, cidr = string }) }
variable "subnets" { type = map(string) }
variable "nodes" {
  type = map(object({ pool = string, zone = string, instance = string, disk_gb = number, data_disk_gb = number }))
}
variable "profiles" { type = map(string) }
variable "ami" { type = string }
variable "public_key" { type = string }
variable "admin_cidrs" { type = list(string) }
variable "door" { type = string }

locals {
  node_ports = { from = 30080, to = 30080 }
}

resource "aws_key_pair" "admin" {
  key_name   = var.name
  public_key = var.public_key
}

resource "aws_security_group" "nodes" {
  name        = "${var.name}-nodes"
  description = "Nodes among themselves"
  vpc_id      = var.vpc.id
}

resource "aws_vpc_security_group_ingress_rule" "each_other" {
  security_group_id            = aws_security_group.nodes.id
  description                  = "Kubernetes, VXLAN, pods: network policies decide above this"
  ip_protocol                  = "-1"
  referenced_security_group_id = aws_security_group.nodes.id
}

resource "aws_vpc_security_group_ingress_rule" "door" {
  security_group_id            = aws_security_group.nodes.id
  description                  = "The load balancer to the ingress gateway"
  ip_protocol                  = "tcp"
  from_port                    = local.node_ports.from
  to_port                      = local.node_ports.to
  referenced_security_group_id = var.door
}

resource "aws_vpc_security_group_ingress_rule" "admin" {
  for_each = { for pair in setproduct(var.admin_cidrs, ["22", "6443"]) : "${pair[0]}:${pair[1]}" => pair }

  security_group_id = aws_security_group.nodes.id
  description       = "Administrators"
  ip_protocol       = "tcp"
  from_port         = tonumber(each.value[1])
  to_port           = tonumber(each.value[1])
  cidr_ipv4         = each.value[0]
}

resource "aws_vpc_security_group_egress_rule" "out" {
  security_group_id = aws_security_group.nodes.id
  description       = "Registries, models, AWS; pods are held by network policies"
  ip_protocol       = "-1"
  cidr_ipv4         = "0.0.0.0/0"
}

resource "aws_instance" "node" {
  #checkov:skip=CKV_AWS_126:node exporters tell more, and sooner

  for_each = var.nodes

  ami                    = var.ami
  instance_type          = each.value.instance
  subnet_id              = var.subnets[each.value.zone]
  key_name               = aws_key_pair.admin.key_name
  iam_instance_profile   = var.profiles[each.value.pool]
  vpc_security_group_ids = [aws_security_group.nodes.id]
  source_dest_check      = true # VXLAN: pods' addresses never are on the wire
  ebs_optimized          = true
  monitoring             = false

  metadata_options {
    http_tokens                 = "required"
    http_put_response_hop_limit = 1 # pods can't ask for the node's rights
  }

  root_block_device {
    volume_type = "gp3"
    volume_size = each.value.disk_gb
    encrypted   = true
  }

  tags = { Name = each.key, pool = each.value.pool }

  lifecycle {
    ignore_changes = [ami] # a new image comes by replacing nodes one at a time
  }
}

resource "aws_ebs_volume" "data" {
  #checkov:skip=CKV_AWS_189:encrypted by the account's key; one of our own would have the same readers

  for_each = { for name, node in var.nodes : name => node if node.data_disk_gb > 0 }

  availability_zone = aws_instance.node[each.key].availability_zone
  type              = "gp3"
  size              = each.value.data_disk_gb
  encrypted         = true
  tags              = { Name = "${each.key}-data" }

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_volume_attachment" "data" {
  for_each = aws_ebs_volume.data

  device_name = "/dev/sdf"
  volume_id   = each.value.id
  instance_id = aws_instance.node[each.key].id
}

# The API server's one address over its three nodes, inside only.
resource "aws_lb" "api" {
  #checkov:skip=CKV_AWS_91:inside only; the API server's audit log says who asked for what

  name                             = "${var.name}-api"
  internal                         = true
  load_balancer_type               = "network"
  subnets                          = values(var.subnets)
  enable_cross_zone_load_balancing = true
  enable_deletion_protection       = true
}

resource "aws_lb_target_group" "api" {
  name     = "${var.name}-api"
  port     = 6443
  protocol = "TCP"
  vpc_id   = var.vpc.id

  health_check {
    protocol = "TCP"
    interval = 10
  }
}

resource "aws_lb_target_group_attachment" "api" {
  for_each = { for name, node in var.nodes : name => node if node.pool == "control-plane" }

  target_group_arn = aws_lb_target_group.api.arn
  target_id        = aws_instance.node[each.key].id
  port             = 6443
}

resource "aws_lb_listener" "api" {
  load_balancer_arn = aws_lb.api.arn
  port              = 6443
  protocol          = "TCP"

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.api.arn
  }
}

resource "aws_vpc_security_group_ingress_rule" "api" {
  security_group_id = aws_security_group.nodes.id
  description       = "The API's load balancer keeps clients' addresses"
  ip_protocol       = "tcp"
  from_port         = 6443
  to_port           = 6443
  cidr_ipv4         = var.vpc.cidr
}

output "ids" { value = { for name, node in aws_instance.node : name => node.id } }
output "addresses" { value = { for name, node in aws_instance.node : name => node.private_ip } }
output "api_endpoint" { value = "${aws_lb.api.dns_name}:6443" }
