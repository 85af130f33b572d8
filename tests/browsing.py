"""A real browser and a real server, for tests of what a reader sees."""

from __future__ import annotations

import functools
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


PATIENCE = 120_000
"""Milliseconds that a click may take: machines that run tests may be busy."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """An installed Chromium; without one the test is skipped, or fails where one is required."""
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        if os.environ.get("KERAVIZ_REQUIRE_BROWSER"):
            pytest.fail("no Chromium is installed, and KERAVIZ_REQUIRE_BROWSER is set")
        pytest.skip("no Chromium is installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None: ...


@contextmanager
def silent_page(browser: Browser) -> Iterator[Page]:
    """A page whose console must stay empty."""
    page = browser.new_page(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    page.set_default_timeout(PATIENCE)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    yield page
    page.close()
    assert said == []


def eventually(page: Page, holds: Callable[[], object]) -> bool:
    """Tell whether something holds in the end: what a browser does takes it a while, and longer on a busy machine."""
    for _ in range(300):
        if holds():
            return True
        page.wait_for_timeout(100)
    return False


_STATE = """() => ({
  ready: [...document.querySelectorAll('[data-kv="diagram"]')].every((each) => each.matches('.kv-ready'))
    && document.getAnimations().every((each) => each.playState !== 'running'),
  where: [scrollX, scrollY, document.documentElement.scrollHeight,
    ...[...document.querySelectorAll('.kv-sheet')].map((each) => getComputedStyle(each).transform)],
})"""


def settle(page: Page) -> None:
    """Wait until the diagram of a page can be used, and nothing moves any more."""

    def is_settled() -> bool:
        before = page.evaluate(_STATE)
        page.wait_for_timeout(100)
        return bool(before["ready"]) and before == page.evaluate(_STATE)

    assert eventually(page, is_settled)


@contextmanager
def server(directory: Path) -> Iterator[str]:
    """Serve a directory over HTTP; gives its address."""
    serving = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(directory)))
    threading.Thread(target=serving.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{serving.server_port}"
    finally:
        serving.shutdown()
        serving.server_close()
