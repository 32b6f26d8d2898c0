"""The wiring of a home: routes and Triggers of its functions as files, made anew where code has changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from embedded.supervisor import prepared, steps


@dataclass(frozen=True, slots=True)
class Wires:
    """The files in `folder`, for functions behind `functions_url`."""

    folder: Path
    functions_url: str

    @property
    def routes(self) -> Path:
        """The route table of the edge."""
        return self.folder / "routes.json"

    @property
    def triggers(self) -> Path:
        """Triggers and schedules of the broker."""
        return self.folder / "triggers.json"

    async def make(self, environment: Mapping[str, str], logs: Path) -> set[str]:
        """Make what is not there or not up to date, keys included; which of the files changed.

        Raises CannotStartError, and leaves everything as it was, when the code can't be imported.
        """
        keys, marker = self.folder / "keys", self.folder / "wired"
        digest = prepared.declarations(self.functions_url)
        if prepared.is_done(marker, digest, self.routes, self.triggers) and prepared.whole_keys(keys):
            return set()
        before = self._contents()
        arguments = ["embedded.supervisor.wiring", "--functions-url", self.functions_url, "--keys", str(keys)]
        arguments += ["--routes", str(self.routes), "--triggers", str(self.triggers)]
        await steps.run("wiring", arguments, environment, logs)
        marker.write_text(prepared.seal(digest, self.routes, self.triggers))
        return {name for name, content in self._contents().items() if content != before[name]}

    def _contents(self) -> dict[str, bytes]:
        return {
            path.stem: path.read_bytes() if path.exists() else b"" for path in (self.routes, self.triggers)
        }
