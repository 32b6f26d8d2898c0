"""The guidance that knowledge comes from: what a reader can look up. `data/sources.yaml`, indexed by `reindex`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cache

from functions.scan.defaults import DATA


@dataclass(frozen=True, slots=True)
class Source:
    """A law, a guideline or a page; `date` is when it was issued, or as of when it was read."""

    id: str
    title: str
    issuer: str
    date: str
    article: str = ""
    url: str = ""

    def document(self) -> dict[str, str]:
        """As clients get it: title, publisher, date, article and url, those that there are."""
        fields = asdict(self) | {"publisher": self.issuer}
        return {
            name: fields[name] for name in ("title", "publisher", "date", "article", "url") if fields[name]
        }


@cache
def sources() -> Mapping[str, Source]:
    """All sources by id, read once a process."""
    rows = json.loads((DATA / "index" / "sources.json").read_bytes())["sources"]
    return {row["id"]: Source(**row) for row in rows}


def named(ids: Iterable[str | None]) -> list[Source]:
    """The sources with these ids, each once, in order; unknown ids are left out."""
    return [sources()[name] for name in dict.fromkeys(ids) if name and name in sources()]
