"""Changes of code are seen once they are whole, and told."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from embedded.supervisor.platform import Platform
from embedded.supervisor.reloading import changed, files, reloading


def test_what_functions_are_made_of_is_looked_at_and_nothing_else(tmp_path: Path) -> None:
    for name in ("functions/scan/rules.py", "functions/scan/data/a.json", "functions/a/__pycache__/x.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("1")
    (tmp_path / "functions/scan/note.swp").write_text("1")
    before = files(tmp_path)
    assert {path.name for path in before} == {"rules.py", "a.json"}
    (tmp_path / "functions/scan/rules.py").write_text("22")
    (tmp_path / "functions/scan/data/a.json").unlink()
    (tmp_path / "functions/scan/new.py").write_text("1")
    found = changed(before, files(tmp_path))
    assert [Path(name).name for name in found] == ["a.json", "new.py", "rules.py"]


@dataclass
class Started:
    """A platform that only notes what it is told to take up."""

    told: list[str] = field(default_factory=list)
    done: asyncio.Event = field(default_factory=asyncio.Event)

    async def take_up_changes(self) -> None:
        """Nothing to do."""

    def report(self, line: str) -> None:
        """Note the line."""
        self.told.append(line)
        self.done.set()


async def test_what_changed_while_the_platform_started_is_taken_up() -> None:
    started_with = dict(files())
    path, _ = started_with.popitem()  # as if it had been written since
    platform = Started()
    task = asyncio.create_task(reloading(cast(Platform, platform), started_with))
    async with asyncio.timeout(30):
        await platform.done.wait()
    task.cancel()
    assert len(platform.told) == 1
    assert path.name in platform.told[0]
