"""What the platform needs before it starts: signing keys, and the declarations' routes and Triggers as files.

`python -m embedded.supervisor.wiring --functions-url URL --routes FILE --triggers FILE --keys FOLDER`: a process
of its own, because importing every function is slow and large, and the supervisor shall be neither.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any


def main() -> None:
    """Write both files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--functions-url", required=True)
    parser.add_argument("--routes", type=Path, required=True)
    parser.add_argument("--triggers", type=Path, required=True)
    parser.add_argument("--keys", type=Path, required=True)
    options = parser.parse_args()
    from functions.auth.keys import ensure_keys
    from functions.runtime import registry

    ensure_keys(options.keys)
    _replace(options.routes, registry.routes())
    _replace(options.triggers, registry.wiring(options.functions_url))


def _replace(path: Path, content: Any) -> None:
    part = path.with_suffix(".part")
    part.write_text(json.dumps(content, ensure_ascii=False, indent=1))
    part.replace(path)


if __name__ == "__main__":
    main()
