"""Steps that a later start may leave out, and files a process may have open."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from embedded.openfiles import raise_limit
from embedded.supervisor import prepared


def test_a_step_is_done_when_nothing_changed_and_its_results_are_whole(tmp_path: Path) -> None:
    marker, result = tmp_path / "marker", tmp_path / "result"
    assert not prepared.is_done(marker, "a", result)
    result.write_text("all of it")
    assert not prepared.is_done(marker, "a", result)
    marker.write_text(prepared.seal("a", result))
    assert prepared.is_done(marker, "a", result)
    assert not prepared.is_done(marker, "b", result)
    for left in ("all of", ""):
        result.write_text(left)
        assert not prepared.is_done(marker, "a", result)
    result.unlink()
    assert not prepared.is_done(marker, "a", result)
    marker.write_text("")
    assert not prepared.is_done(marker, "a")


def test_keys_are_whole_when_none_of_their_files_is_empty(tmp_path: Path) -> None:
    assert not prepared.whole_keys(tmp_path)
    (tmp_path / "current").write_text("k")
    assert not prepared.whole_keys(tmp_path)
    (tmp_path / "k.pem").write_text("PEM")
    assert prepared.whole_keys(tmp_path)
    (tmp_path / "k.pem").write_text("")
    assert not prepared.whole_keys(tmp_path)


def test_digests_follow_their_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "schemas/migrations").mkdir(parents=True)
    (tmp_path / "functions").mkdir()
    (tmp_path / "schemas/migrations/001.sql").write_text("one")
    monkeypatch.setattr(prepared, "ROOT", tmp_path)
    migrations, declarations = prepared.migrations(), prepared.declarations("http://a")
    assert prepared.declarations("http://b") != declarations
    (tmp_path / "schemas/migrations/001.sql").write_text("two")
    (tmp_path / "functions/func.py").write_text("new")
    assert prepared.migrations() != migrations
    assert prepared.declarations("http://a") != declarations


def test_open_files_are_raised_as_far_as_allowed() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(1024, hard), hard))
        assert raise_limit() >= min(hard, 65_536)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
