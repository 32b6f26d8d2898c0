"""What each source is named for, and what names none: `python -m functions.scan.sourced`, with status 1 if any."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator

from functions.scan import faq
from functions.scan.hazards import hazards
from functions.scan.regions import regions
from functions.scan.rules import rules
from functions.scan.sources import sources
from functions.scan.taxonomy import taxonomy


def naming() -> Iterator[tuple[str, str, str | None]]:
    """Every entry of the knowledge: its kind, its name and the id of a source, None if it has none."""
    for item in taxonomy().items:
        yield "item", item.name, item.source
    for rule in rules().values():
        yield from (("rule", rule.key, source) for source in rule.sources or (None,))
    for danger in hazards().values():
        yield from (("hazard", danger.id, source) for source in danger.sources or (None,))
    for region in regions().values():
        yield from (("region", region.name, each.source) for each in region.variants)
    for entry in faq.entries():
        yield from (("faq", entry.id, source) for source in entry.sources)


def main() -> int:
    """Print a line for each source, then what has none that can be looked up."""
    entries = list(naming())
    counts = Counter((kind, source) for kind, _, source in entries)
    for source in sources().values():
        named = ", ".join(f"{counts[kind, source.id]} {kind}s" for kind in _KINDS if counts[kind, source.id])
        print(f"{source.id}: {named or 'nothing'} – {source.title} ({source.issuer}, {source.date})")  # noqa: T201
    without = [f"{kind} {name}" for kind, name, source in entries if source not in sources()]
    print(f"without a source: {', '.join(without) or 'nothing'}")  # noqa: T201
    return int(bool(without))


_KINDS = ("item", "rule", "hazard", "region", "faq")

if __name__ == "__main__":
    sys.exit(main())
