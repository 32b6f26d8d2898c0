"""Measurements: `bench.run` (the whole platform), `bench.load` (scans against any), `bench.streams`, `bench.cold`."""
