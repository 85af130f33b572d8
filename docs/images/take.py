"""Takes the pictures of this repository from its built site: ``make site && .venv/bin/python docs/images/take.py``."""

from __future__ import annotations

import functools
import shutil
import sys
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[2]
PICTURES = {
    "model-page": ("zoo/vision-transformer/", "light", 1280, 1280),
    "gallery-dark": ("zoo/", "dark", 1280, 900),
}


def main() -> None:
    """Write one PNG for each picture beside this script."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("No Chromium is installed; the pictures are taken with one.")
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(ROOT / "site"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name, (address, scheme, width, height) in PICTURES.items():
            page = browser.new_page(
                viewport={"width": width, "height": height},
                color_scheme="dark" if scheme == "dark" else "light",
                reduced_motion="reduce",
            )
            page.goto(f"http://127.0.0.1:{server.server_port}/{address}")
            page.wait_for_load_state("networkidle")
            page.wait_for_timeout(500)
            page.screenshot(path=ROOT / "docs" / "images" / f"{name}.png")
        browser.close()
    server.shutdown()


if __name__ == "__main__":
    main()
