"""Tests on a real cluster: `make cluster-test`."""
