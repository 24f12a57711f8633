"""A picture of every screen, per role, at the width of a desk and of a phone: ``make screens``.

Starts the product on a fresh demo city and walks it as each role does: every entry of the menu, then every
kind of page that those lead to. The pictures land in ``var/screens/ROLE/WIDTH/``.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Error, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "var" / "screens"
ACCOUNTS = (
    "admin",
    "district",
    "second",
    "operator",
    "operator2",
    "centre",
    "manager",
    "auditor",
    "security",
)
WIDTHS = {1280: 900, 390: 844}
PASSWORD = "Haicheng-2026"
SECONDS_TO_START = 180
PAGES_PER_ROLE = 60
FILES = (".pdf", ".xlsx", ".png", ".jpg", "/file", "/export", "/download", "/back")


def main() -> int:
    shutil.rmtree(FOLDER, ignore_errors=True)
    with served() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium(), args=["--no-sandbox", "--disable-gpu", "--no-first-run"]
        )
        for account in ACCOUNTS:
            print(f"{account}: {walk(browser, address, account)} screens", flush=True)
        browser.close()
    return 0


def walk(browser: Browser, address: str, account: str) -> int:
    """Visit every kind of page that the account reaches; answers how many there are."""
    page = browser.new_context(locale="zh-CN", viewport={"width": 1280, "height": 900}).new_page()
    page.goto(f"{address}/login/")
    picture(page, account, "login")
    page.fill("[name=username]", account)
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_url(lambda url: "/login" not in url)
    waiting = deque(menu_of(page))
    seen: set[str] = set()
    while waiting and len(seen) < PAGES_PER_ROLE:
        link = waiting.popleft()
        kind = kind_of(link)
        if kind in seen:
            continue
        seen.add(kind)
        try:
            page.goto(link)
        except Error:  # a link to a file: the browser downloads it and stays where it is
            continue
        picture(page, account, kind)
        waiting.extend(links_in(page, "main a[href]", address))
    page.context.close()
    return len(seen)


def menu_of(page: Page) -> list[str]:
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(page.url))
    return [page.url, *links_in(page, "nav a[href]", origin), f"{origin}/password/", f"{origin}/profile/"]


def links_in(page: Page, selector: str, origin: str) -> list[str]:
    found: list[str] = page.eval_on_selector_all(selector, "links => links.map(link => link.href)")
    return [
        link
        for link in found
        if link.startswith(origin) and not urlsplit(link).path.endswith(FILES) and "/language/" not in link
    ]


def kind_of(link: str) -> str:
    """What makes a page another kind of page: its path without numbers, and the names of its parameters."""
    parts = urlsplit(link)
    path = re.sub(r"[0-9]+", "n", parts.path).strip("/").replace("/", "-") or "home"
    choices = re.findall(r"(?:tab|bucket|level|kind|status)=([a-z_]+)", parts.query)
    return "-".join([path, *sorted(set(choices))])


def picture(page: Page, account: str, name: str) -> None:
    for width, height in WIDTHS.items():
        page.set_viewport_size({"width": width, "height": height})
        # As tall as the page is: what is fixed to the window's edge then stands at the page's end.
        tall: int = page.evaluate("document.documentElement.scrollHeight")
        page.set_viewport_size({"width": width, "height": min(max(tall, height), 6000)})
        target = FOLDER / account / str(width) / f"{name}.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=target)
    page.set_viewport_size({"width": 1280, "height": 900})


def chromium() -> str:
    found = os.environ.get("CANBAO_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        raise SystemExit("No chromium; `make screens` fetches it.")
    return found


@contextmanager
def served() -> Iterator[str]:
    """The product on a free port with a demo city of its own; CANBAO_SCREENS_OF names a running one instead."""
    running = os.environ.get("CANBAO_SCREENS_OF")
    if running:
        yield running
        return
    with tempfile.TemporaryDirectory() as folder, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        own = {
            "CANBAO_PORT": str(port),
            "CANBAO_DATA_DIR": folder,
            "CANBAO_DEMO_PASSWORD": PASSWORD,
            "CANBAO_CAPTCHA": "0",
        }
        product = subprocess.Popen([sys.executable, "run.py"], cwd=ROOT, env={**os.environ, **own})
        try:
            wait_until_ready(f"http://127.0.0.1:{port}")
            yield f"http://127.0.0.1:{port}"
        finally:
            product.terminate()
            product.wait(timeout=30)


def wait_until_ready(address: str) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while True:
        try:
            with urllib.request.urlopen(f"{address}/readyz", timeout=2):
                return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


if __name__ == "__main__":
    sys.exit(main())
