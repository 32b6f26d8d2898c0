"""What the platform is made of: the lock, its bill of materials, licences and known vulnerabilities."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from schemas import audit, bill
from schemas.audit import NotAsked, vulnerabilities
from schemas.lock import Pinned, pinned
from tests.embedded.serving import serving

PACKAGES = [Pinned("one", "1.0", ("ab",)), Pinned("two", "2.0", ("cd",))]


def osv(answer: Any, asked: list[Any] | None = None) -> Starlette:
    """A server that speaks OSV's wire format: POST /v1/querybatch."""

    async def batch(request: Request) -> Response:
        if asked is not None:
            asked.append(await request.json())
        return answer if isinstance(answer, Response) else JSONResponse(answer)

    return Starlette(routes=[Route("/v1/querybatch", batch, methods=["POST"])])


async def test_each_package_is_asked_about_and_what_is_known_is_told() -> None:
    asked: list[Any] = []
    answer = {"results": [{}, {"vulns": [{"id": "PYSEC-1", "modified": "2026-01-01T00:00:00Z"}]}]}
    async with serving(osv(answer, asked)) as port:
        found = await asyncio.to_thread(vulnerabilities, PACKAGES, f"http://127.0.0.1:{port}")
    assert found == {"two 2.0": ["PYSEC-1"]}
    assert asked[0]["queries"][0] == {"package": {"name": "one", "ecosystem": "PyPI"}, "version": "1.0"}


@pytest.mark.parametrize(
    "answer",
    [{"results": [{}]}, {}, [], {"results": 1}, PlainTextResponse("busy", 503), PlainTextResponse("<p>")],
)
async def test_a_database_that_does_not_answer_is_no_good_news(answer: Any) -> None:
    async with serving(osv(answer)) as port:
        with pytest.raises(NotAsked):
            await asyncio.to_thread(vulnerabilities, PACKAGES, f"http://127.0.0.1:{port}")


async def test_the_audit_ends_with_what_it_found(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int
) -> None:
    count = len(pinned())
    bad = {"results": [{"vulns": [{"id": "PYSEC-1"}]}, *({} for _ in range(count - 1))]}
    for answer, status in (({"results": [{}] * count}, 0), (bad, 1)):
        async with serving(osv(answer)) as port:
            assert await asyncio.to_thread(audit.main, [f"http://127.0.0.1:{port}"]) == status
    monkeypatch.setitem(audit.ACCEPTED, "PYSEC-1", "not reached")
    async with serving(osv(bad)) as port:
        assert await asyncio.to_thread(audit.main, [f"http://127.0.0.1:{port}"]) == 0
    out_of_reach = f"http://127.0.0.1:{unused_tcp_port}"
    assert audit.main([out_of_reach]) == 2
    assert audit.main(["--if-reachable", out_of_reach]) == 0
    async with serving(osv({"results": [{"vulns": [{"id": "PYSEC-2"}]}] * count})) as port:
        assert await asyncio.to_thread(audit.main, ["--if-reachable", f"http://127.0.0.1:{port}"]) == 1
    told = capsys.readouterr()
    assert f"{pinned()[0].name} {pinned()[0].version}: PYSEC-1" in told.out
    assert "could not be asked" in told.err


def test_the_bill_has_every_locked_package_with_version_licence_and_hashes(tmp_path: Path) -> None:
    assert bill.main([str(tmp_path / "bom.json")]) == 0
    document = json.loads((tmp_path / "bom.json").read_text())
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    components = {each["name"]: each for each in document["components"]}
    assert components.keys() == {each.name for each in pinned()}
    starlette = components["starlette"]
    assert starlette["purl"] == f"pkg:pypi/starlette@{starlette['version']}"
    assert starlette["licenses"] == [{"expression": "BSD-3-Clause"}]
    assert starlette["properties"]


def test_licences_are_listed_and_one_that_nobody_looked_at_fails(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bill.main([]) == 0
    assert "\nLGPL-3.0-only: " in capsys.readouterr().out
    monkeypatch.setattr(bill, "licence", lambda name: "Proprietary" if name == "redis" else "MIT")
    assert bill.main([]) == 1
    assert "redis: the licence 'Proprietary' was not looked at" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("expression", "strange"),
    [
        ("MIT", []),
        ("Apache-2.0 AND (MIT OR BSD-2-Clause)", []),
        ("MIT OR GPL-3.0-only", ["GPL-3.0-only"]),
        ("unknown", ["unknown"]),
        (bill.NOT_HERE, []),
    ],
)
def test_every_part_of_an_expression_counts(expression: str, strange: list[str]) -> None:
    assert bill.unknown(expression) == strange


def test_a_package_of_another_platform_has_no_licence_here() -> None:
    assert bill.licence("no-such-package") == bill.NOT_HERE
    assert "licenses" not in bill.bill([Pinned("no-such-package", "1", ("ab",))])["components"][0]


def test_a_lock_without_hashes_is_none(tmp_path: Path) -> None:
    (tmp_path / "a.lock").write_text(
        "# a comment\none==1.0 \\\n    --hash=sha256:" + "a" * 64 + "\ntwo==2.0 ; x\n"
    )
    with pytest.raises(ValueError, match="no lock file"):
        pinned(tmp_path / "a.lock")
    (tmp_path / "a.lock").write_text("one[x]==1.0 ; y \\\n    --hash=sha256:" + "a" * 64 + "\n    # via b\n")
    assert pinned(tmp_path / "a.lock") == [Pinned("one", "1.0", ("a" * 64,))]
