"""Changes of code are seen once they are whole, and told."""

from __future__ import annotations

from pathlib import Path

from embedded.supervisor.reloading import changed, files


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
