"""A real single-node Kubernetes with Knative on one Linux machine, from package registries only."""
