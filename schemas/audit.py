"""`python -m schemas.audit [--if-reachable] [URL]`: asks osv.dev for known vulnerabilities of the locked packages.

Ends with 1 and their names where there are some, with 2 where the database does not answer as it should: an audit that
could not ask found nothing, and says so. (pip-audit skips what its index does not know, and ends with 0.) With
--if-reachable, for checks that must also run where the database is out of reach, it says so and ends with 0.
Source: https://google.github.io/osv.dev/post-v1-querybatch/
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from http.client import HTTPException
from typing import Any
from urllib.request import Request, urlopen

from schemas.lock import Pinned, pinned

OSV = "https://api.osv.dev"
TIMEOUT_S = 15.0
MOST_BYTES = 8 * 1024 * 1024
ACCEPTED: dict[str, str] = {}
"""Vulnerability → why it does not matter here. Each is looked at again when its package gets another version."""


class NotAsked(RuntimeError):
    """The database did not answer as it should."""


def vulnerabilities(packages: Sequence[Pinned], url: str = OSV) -> dict[str, list[str]]:
    """`package version` → ids of its vulnerabilities. Raises NotAsked."""
    queries = [
        {"package": {"name": each.name, "ecosystem": "PyPI"}, "version": each.version} for each in packages
    ]
    asked = Request(  # noqa: S310 - the address is the command line's
        f"{url}/v1/querybatch",
        json.dumps({"queries": queries}).encode(),
        {"content-type": "application/json"},
    )
    try:
        with urlopen(asked, timeout=TIMEOUT_S) as answer:  # noqa: S310
            results: list[dict[str, Any]] = json.loads(answer.read(MOST_BYTES))["results"]
        found = [[str(each["id"]) for each in (result or {}).get("vulns", [])] for result in results]
    except (OSError, HTTPException, ValueError, KeyError, TypeError, AttributeError) as error:
        raise NotAsked(f"{url} could not be asked for vulnerabilities: {error!r}") from None
    if len(found) != len(packages):
        raise NotAsked(f"{url} answered {len(found)} of {len(packages)} questions")
    told = {
        f"{package.name} {package.version}": [each for each in ids if each not in ACCEPTED]
        for package, ids in zip(packages, found, strict=True)
    }
    return {package: ids for package, ids in told.items() if ids}


def main(arguments: Sequence[str]) -> int:
    """Print what was found; gives the status to end with."""
    parser = argparse.ArgumentParser(
        prog="python -m schemas.audit", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("url", nargs="?", default=OSV)
    parser.add_argument("--if-reachable", action="store_true", help="not to be asked is no failure")
    options = parser.parse_args(arguments)
    packages = pinned()
    try:
        found = vulnerabilities(packages, options.url)
    except NotAsked as error:
        sys.stderr.write(f"{error}\n")
        return 0 if options.if_reachable else 2
    sys.stdout.writelines(f"{package}: {', '.join(ids)}\n" for package, ids in found.items())
    sys.stdout.write(f"{len(packages)} packages, {len(found)} with known vulnerabilities\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
