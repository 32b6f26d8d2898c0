"""The edge of one machine: what gateway, routes and external authorization are on a cluster."""
