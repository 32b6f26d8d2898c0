from __future__ import annotations

import argparse

from bench.attack import measure
from tests.bench.platform import TinyPlatform


async def test_ordinary_users_are_timed_alone_and_beside_an_attacker() -> None:
    tiny = TinyPlatform()
    async with tiny.running():
        options = argparse.Namespace(users=3, seconds=0.6, connections=4)
        alone, beside, told = await measure(tiny.url, options)
    for waits in (alone, beside):
        assert len(waits.answered) == len(waits.accepted) >= 3
        rows = waits.rows("here")
        assert [row[1] for row in rows] == ["account", "scan accepted", "scan answered"]
        assert [row[2] for row in rows] == [len(waits.account), len(waits.accepted), len(waits.answered)]
    assert told["202"] > 0
    assert len(tiny.submitters) == 4


async def test_what_goes_wrong_for_ordinary_users_is_told_by_its_name() -> None:
    tiny = TinyPlatform(faults=dict.fromkeys(range(1000), "failed"))
    async with tiny.running():
        alone, _, _ = await measure(tiny.url, argparse.Namespace(users=1, seconds=0.2, connections=1))
    assert not alone.answered
    assert alone.wrong
