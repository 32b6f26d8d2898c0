"""Checks of what is no Python: Terraform, Ansible, Kubernetes objects, workflows; each with its own pinned program."""
