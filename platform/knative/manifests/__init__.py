"""Writes the cluster's objects from the functions' declarations: `python -m manifests`."""
