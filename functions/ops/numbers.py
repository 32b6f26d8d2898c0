"""Numbers of dead letters, as paths and queries name them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

Number = Annotated[int, Field(ge=1, le=2**63 - 1)]
"""What PostgreSQL gives out; of a larger one it knows nothing, and says so by an error of its own."""
