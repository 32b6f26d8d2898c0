"""On a cluster every pod tells its own figures: the page's plots add them up while pods come and go.

The pods are functions in processes of their own, served as on a cluster: one port, an address each.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from playwright.sync_api import Locator, Page, expect

from embedded.servers.process import comes_up, end, free_port
from tests.browser.conftest import PATIENCE_MS, sign_in
from tests.end_to_end.platform import Platform, running

PODS = ("127.0.0.2", "127.0.0.3", "127.0.0.4")
PORT = free_port()
NOWHERE = "postgresql://eco2@127.0.0.1:1/eco2"
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    """A platform whose console is told of the pods' addresses, as by a headless Service, alone."""
    figures = ",".join(f"{address}:{PORT}" for address in PODS)
    with running(processes=1, settings={"ECO2_FIGURES": figures}) as started:
        yield started


@contextmanager
def pod(function: str, address: str) -> Iterator[None]:
    """One function in a process of its own at one of the addresses, its database out of reach."""
    with socket.create_server((address, PORT)) as listener:
        command = [sys.executable, "-m", "functions.runtime", function, "--fd", str(listener.fileno())]
        environment = os.environ | {"ECO2_DATABASE_URL": NOWHERE, "ECO2_ENV": "local"}
        with subprocess.Popen(command, pass_fds=[listener.fileno()], env=environment) as process:
            try:
                assert comes_up(process, lambda: asked(address, "/metrics") == 200, 30)
                yield
            finally:
                end(process)


def asked(address: str, path: str) -> int:
    """Call the pod as the edge does, for a user; the status of its answer."""
    request = urllib.request.Request(f"http://{address}:{PORT}{path}", headers={"x-user-id": "u1"})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        return refused.code


def test_figures_of_all_pods_are_one_plot_and_pods_may_come_and_go(page: Page) -> None:
    def tile(name: str) -> Locator:
        return page.locator(".tile").filter(has_text=name)

    first, second, third = PODS
    with ExitStack() as later:
        with pod("scan-categories", first), pod("scan-history", second):
            sign_in(page)
            page.get_by_role("link", name="지켜보기").click()
            pods = tile("프로세스 (파드)").locator("strong")
            expect(pods).to_contain_text(re.compile(r"^2 · \d+ MB$"))
            failed = tile("실패한 호출 (5xx)").locator("strong")
            expect(failed).to_have_text("0")
            for _ in range(20):
                assert asked(first, "/api/v1/scan/categories") == 200
            assert asked(second, "/api/v1/scan") >= 500
            expect(failed).to_have_text("1")
            expect(tile("함수 시간 (95%)").locator("strong")).to_contain_text("ms")
            later.enter_context(pod("scan-categories", third))
            expect(pods).to_contain_text(re.compile(r"^3 · "))
        expect(pods).to_contain_text(re.compile(r"^1 · "))
        assert asked(third, "/api/v1/scan/categories") == 200
        expect(failed).to_have_text("1")
        for name in ("초당 함수 호출", "프로세스 (파드)", "실패한 호출 (5xx)"):
            line = tile(name).locator("path").get_attribute("d") or ""
            values = [float(y) for y in re.findall(r"[ML][\d.]+ (-?[\d.]+)", line)]
            assert len(values) >= 2
            assert all(2 <= y <= 30 for y in values), f"{name}: {line}"
