# The public door: HTTPS at a load balancer, which hands on to the mesh's ingress gateway on the general nodes.
variable "name" { type = string }
variable "domain" { type = string }
variable "vpc" { type = object({ id = string, cidr = string }) }
variable "subnets" { type = list(string) }

locals {
  host      = "api.${var.domain}"
  node_port = 30080
}

data "aws_route53_zone" "this" {
  name = var.domain
}

resource "aws_acm_certificate" "api" {
  domain_name       = local.host
  validation_method = "DNS"

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_route53_record" "proof" {
  zone_id         = data.aws_route53_zone.this.zone_id
  name            = one(aws_acm_certificate.api.domain_validation_options[*].resource_record_name)
  type            = "CNAME"
  records         = [one(aws_acm_certificate.api.domain_validation_options[*].resource_record_value)]
  ttl             = 300
  allow_overwrite = true
}

resource "aws_acm_certificate_validation" "api" {
  certificate_arn         = aws_acm_certificate.api.arn
  validation_record_fqdns = [aws_route53_record.proof.fqdn]
}

resource "aws_security_group" "door" {
  name        = "${var.name}-door"
  description = "The load balancer"
  vpc_id      = var.vpc.id
}

resource "aws_vpc_security_group_ingress_rule" "public" {
  #checkov:skip=CKV_AWS_260:port 80 answers with the address of port 443 alone

  for_each = toset(["80", "443"])

  security_group_id = aws_security_group.door.id
  description       = "Everybody"
  ip_protocol       = "tcp"
  from_port         = tonumber(each.key)
  to_port           = tonumber(each.key)
  cidr_ipv4         = "0.0.0.0/0"
}

resource "aws_vpc_security_group_egress_rule" "nodes" {
  security_group_id = aws_security_group.door.id
  description       = "The ingress gateway"
  ip_protocol       = "tcp"
  from_port         = local.node_port
  to_port           = local.node_port
  cidr_ipv4         = var.vpc.cidr
}

resource "aws_lb" "door" {
  #checkov:skip=CKV_AWS_91:the edge logs every request, with its trace
  #checkov:skip=CKV2_AWS_28:limits, sizes and sign-in are the edge's, from the functions' declarations

  name                       = "${var.name}-door"
  internal                   = false
  load_balancer_type         = "application"
  subnets                    = var.subnets
  security_groups            = [aws_security_group.door.id]
  drop_invalid_header_fields = true
  enable_deletion_protection = true
  idle_timeout               = 620 # an event stream may last ten minutes
}

resource "aws_lb_target_group" "gateway" {
  name                 = "${var.name}-gateway"
  port                 = local.node_port
  protocol             = "HTTP"
  vpc_id               = var.vpc.id
  deregistration_delay = 60

  health_check {
    path     = "/health/ready"
    matcher  = "200"
    interval = 10
  }
}

resource "aws_lb_listener" "http" {
  load_balancer_arn = aws_lb.door.arn
  port              = 80
  protocol          = "HTTP"

  default_action {
    type = "redirect"

    redirect {
      port        = "443"
      protocol    = "HTTPS"
      status_code = "HTTP_301"
    }
  }
}

resource "aws_lb_listener" "https" {
  load_balancer_arn = aws_lb.door.arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
  certificate_arn   = aws_acm_certificate_validation.api.certificate_arn

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.gateway.arn
  }
}

resource "aws_route53_record" "api" {
  zone_id = data.aws_route53_zone.this.zone_id
  name    = local.host
  type    = "A"

  alias {
    name                   = aws_lb.door.dns_name
    zone_id                = aws_lb.door.zone_id
    evaluate_target_health = true
  }
}

output "security_group" { value = aws_security_group.door.id }
output "target_group" { value = aws_lb_target_group.gateway.arn }
output "node_port" { value = local.node_port }
output "url" { value = "https://${local.host}" }
