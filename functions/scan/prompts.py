"""The instructions given to paid models: `data/prompts`, with the taxonomy's lists filled in."""

from __future__ import annotations

from functools import cache
from typing import Literal

from functions.scan.defaults import DATA


@cache
def prompt(task: Literal["vision", "answer"]) -> str:
    """How to look at a photo, or how 이코 words what rules and tags have decided."""
    from functions.scan.taxonomy import taxonomy

    known = taxonomy()
    categories = "\n".join(f"- {major}: {', '.join(known.middles(major))}" for major in known.majors)
    text = (DATA / "prompts" / f"{task}.md").read_text()
    return text.replace("{categories}", categories).replace("{tags}", ", ".join(known.tags))
