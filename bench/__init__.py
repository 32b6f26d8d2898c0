"""Measurements of a running platform: load, streams, cold starts."""
