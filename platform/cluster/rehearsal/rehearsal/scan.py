"""A scan through the platform on the machines."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from localcluster.errors import ClusterError
from localcluster.paths import ROOT
from localcluster.waiting import wait_for

from rehearsal.content import URL
from rehearsal.stage import Stage

_PHOTO = ROOT / "cli/samples/glass-bottle.jpg"
_STAGES = ("vision", "rule", "answer", "reward")
_EDGE_S = 120.0
_SCAN_S = 240.0
_FOR_MODELS = ("scan-vision", "scan-answer")


def run(stage: Stage) -> str:
    """A photo submitted at the edge is followed to `done`; its functions start from zero, on their pools' nodes."""
    wait_for("the edge", lambda: _answers(stage), _EDGE_S, every_s=1)
    return scanned(stage)


def undo(_: Stage) -> None:
    """It has made nothing but rows."""


def scanned(stage: Stage, image: str = "") -> str:
    """Scan as somebody new; what was seen. `image`: what the functions must run. Raises ClusterError."""
    began = time.monotonic()
    told = json.loads(
        stage.inside(sys.executable, "-m", "rehearsal.scanning", URL, str(_PHOTO), timeout_s=_SCAN_S)
    )
    took_s = time.monotonic() - began
    judge(told)
    for pod in _pods(stage):
        node, runs = pod["spec"]["nodeName"], pod["spec"]["containers"][0]["image"]
        if node != "worker-ai-1" or (image and runs != image):
            raise ClusterError(f"{pod['metadata']['name']} runs {runs} on {node}")
    found = told["result"]["pipeline_result"]["classification_result"]["classification"]
    return f"{found['middle_category']}, {len(told['events'])} events in {took_s:.1f} s"


def judge(told: dict[str, Any]) -> None:
    """Raises ClusterError unless every stage was told, `done` at the end, and the photo is what it shows."""
    events, result = told["events"], told["result"]
    if events[-1:] != ["done"] or not set(_STAGES) <= set(events):
        raise ClusterError(f"the stream told {events}")
    found = result["pipeline_result"]["classification_result"]["classification"]["middle_category"]
    if result["status"] != "completed" or found != "유리병":
        raise ClusterError(f"the scan is {result['status']}, the photo {found}")


def _pods(stage: Stage) -> list[dict[str, Any]]:
    selector = f"serving.knative.dev/service in ({','.join(_FOR_MODELS)})"
    found: list[dict[str, Any]] = json.loads(
        stage.kubectl("get", "pod", "-n", "eco2", "-l", selector, "--field-selector=status.phase=Running",
                      "-o", "json")
    )["items"]  # fmt: skip
    return found


def _answers(stage: Stage) -> bool:
    probe = f"import urllib.request; urllib.request.urlopen('{URL}/health/ready', timeout=5)"
    try:
        stage.inside(sys.executable, "-c", probe, timeout_s=10)
    except ClusterError:
        return False
    return True
