"""docs/knowledge.md, followed: an item, a hazard and a region in a copy of the data are found afterwards."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from functions.scan import defaults, reindex
from functions.scan.inquiry import ask
from schemas.generate import ROOT

PAGE = (ROOT / "docs" / "knowledge.md").read_text()


def block(language: str, containing: str) -> str:
    """The example of the page that holds these words."""
    found = [text for text in re.findall(rf"```{language}\n(.*?)```", PAGE, re.S) if containing in text]
    assert len(found) == 1, containing
    return str(found[0])


def knowing() -> list[ModuleType]:
    """The modules of the scan, whichever of them keep what they have read."""
    return [module for name, module in sys.modules.items() if name.startswith("functions.scan.")]


def forget() -> None:
    """Read everything again at the next question."""
    for module in knowing():
        for value in vars(module).values():
            if hasattr(value, "cache_clear"):
                value.cache_clear()


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    copy = tmp_path / "data"
    shutil.copytree(defaults.DATA, copy)
    for module in knowing():
        if hasattr(module, "DATA"):
            monkeypatch.setattr(module, "DATA", copy)
    return copy


def test_what_the_page_adds_is_answered(data: Path, request: pytest.FixtureRequest) -> None:
    request.addfinalizer(forget)
    with (data / "sources.yaml").open("a") as file:
        file.write(block("yaml", "id: my-city-2026"))
    with (data / "item_class_list.yaml").open("a") as file:
        file.write("\n" + block("yaml", "name: 우주 헬멧"))
    with (data / "hazards.yaml").open("a") as file:
        file.write("\n" + block("yaml", "id: my-hazard"))
    (data / "regions").mkdir(exist_ok=True)
    (data / "regions" / "99999.yaml").write_text(block("yaml", 'code: "99999"'))
    rule = json.loads((data / "rules" / "bulky.json").read_text())
    rule["targets"].append(json.loads(block("json", "우주 헬멧")))
    (data / "rules" / "bulky.json").write_text(json.dumps(rule, ensure_ascii=False))
    forget()
    reindex.write(data / "index")
    forget()

    helmet = ask("우주인 헬멧 어떻게 버려요?")
    assert (helmet.outcome, helmet.item, helmet.major) == ("named", "우주 헬멧", "대형폐기물")
    assert "필증을 붙여요" in helmet.answer
    danger = ask("위험한 것의 이름")
    assert danger.outcome == "hazard" and "하면 안 되는 것을 말해요." in danger.answer
    glass = ask("깨진 유리", "우리시")
    assert glass.region == "우리도 우리시" and "(우리도 우리시 기준)" in glass.answer
    assert glass.middle == "일반종량제폐기물"
    assert any(source["title"] == "우리시 폐기물 관리 조례" for source in glass.sources)


def test_the_examples_are_as_the_files_have_them() -> None:
    (hazard,) = yaml.safe_load(block("yaml", "id: my-hazard"))
    kept = yaml.safe_load((defaults.DATA / "hazards.yaml").read_text())
    assert set(hazard) <= {key for row in kept for key in row}
