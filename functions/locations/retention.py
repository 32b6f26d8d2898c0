"""What the map keeps, and how long."""

from __future__ import annotations

from functions.runtime.retention import Retention, Stays

RETENTION: Retention = (
    Stays("locations.sites", "places", "an import of their source no longer has it"),
    Stays("locations.places", "where places are", "its place goes"),
)
