"""Shows operators what each process tells of itself: calls, failures, times, open streams."""

from __future__ import annotations

from functions.console.process_figures import ProcessFigures, RunningProcesses
from functions.runtime import http_function


@http_function("GET /api/v1/console/figures", operators=True)
async def figures(processes: RunningProcesses) -> list[ProcessFigures]:
    """One row a process, on Knative a pod; none where ECO2_FIGURES names no address."""
    return await processes.figures()


new = figures.new
