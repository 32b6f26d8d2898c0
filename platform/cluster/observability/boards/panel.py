"""A dashboard as a value, and its JSON for Grafana (schema 39)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

SOURCE = {"type": "prometheus", "uid": "prometheus"}
_WIDTH, _HEIGHT, _COLUMNS = 12, 8, 24
Unit = Literal["short", "s", "ops", "reqps", "percentunit", "bytes", "currencyUSD"]


@dataclass(frozen=True, slots=True)
class Panel:
    """A chart: PromQL by legend. `cluster`: asks for figures that only Kubernetes' own exporters have."""

    title: str
    about: str
    unit: Unit
    queries: dict[str, str]
    cluster: bool = False


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A page of panels; `name` is its file and its address."""

    name: str
    title: str
    panels: tuple[Panel, ...]

    def json(self) -> dict[str, Any]:
        """The model that Grafana imports."""
        return {
            "uid": f"eco2-{self.name}",
            "title": self.title,
            "tags": ["eco2"],
            "schemaVersion": 39,
            "editable": False,
            "refresh": "30s",
            "time": {"from": "now-3h", "to": "now"},
            "timezone": "browser",
            "panels": [_panel(number, panel) for number, panel in enumerate(self.panels)],
        }


def _panel(number: int, panel: Panel) -> dict[str, Any]:
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": panel.title,
        "description": panel.about,
        "datasource": SOURCE,
        "gridPos": {
            "x": number * _WIDTH % _COLUMNS,
            "y": number * _WIDTH // _COLUMNS * _HEIGHT,
            "w": _WIDTH,
            "h": _HEIGHT,
        },
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "options": {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi"}},
        "targets": [
            {"refId": chr(ord("A") + at), "datasource": SOURCE, "expr": expression, "legendFormat": legend}
            for at, (legend, expression) in enumerate(panel.queries.items())
        ],
    }


def answerable(expression: str, window: str) -> str:
    """The expression as Prometheus takes it, with Grafana's interval replaced by `window`."""
    return re.sub(r"\$__rate_interval", window, expression)
