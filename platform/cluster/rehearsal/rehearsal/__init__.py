"""The production cluster's way from nothing to nodes, rehearsed on one machine with the real programs."""
