"""Routes progress from the streams to state and live channels; must always listen (min-scale 1)."""

from __future__ import annotations

from functions.runtime import background_function
from functions.stream.relay import ProgressRouter


@background_function
async def router(relay: ProgressRouter) -> None:
    """Route until cancelled."""
    await relay.run()


new = router.new
