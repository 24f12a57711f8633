"""What each of them does on the last day: operators, reviewers of both levels, managers, and programs by the API."""

from __future__ import annotations

import asyncio
import json
import random
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from time import perf_counter
from uuid import uuid4

from benchmarks.browser import Answer, Broken, Browser

TICK = re.compile(r'<input\b[^>]*name="ids"[^>]*value="(\d+)"')
RENEWED = re.compile(r'data-refresh="([^"]+)"')
SECONDS_BETWEEN_LOOKS = 2
"""Of the monitor, as its page renews itself."""
SECONDS_TO_REVIEW = 15
"""Between two looks at what has come, and between looking and approving."""


@dataclass(slots=True)
class Day:
    """The day that all of them share. ``pause``: seconds between two steps of an operator, on average."""

    year: int
    pause: float
    dice: random.Random
    over: asyncio.Event = field(default_factory=asyncio.Event)
    submitted_at: list[float] = field(default_factory=list)
    people: int = 0
    approved: int = 0
    broken: list[str] = field(default_factory=list)
    stays: list[float] = field(default_factory=list)
    """Seconds from somebody's first page to the last."""

    async def think(self) -> None:
        await asyncio.sleep(self.dice.uniform(0.5, 1.5) * self.pause)

    async def wait(self, seconds: float) -> None:
        """Less, if the day ends meanwhile."""
        try:
            async with asyncio.timeout(seconds):
                await self.over.wait()
        except TimeoutError:
            return


Part = Callable[[Day, Browser], Awaitable[None]]


async def lived(part: Part, day: Day, browser: Browser) -> None:
    """What goes wrong is kept and fails the measurement; the others go on."""
    came = perf_counter()
    try:
        await part(day, browser)
        day.stays.append(perf_counter() - came)
    except (Broken, OSError, asyncio.IncompleteReadError, TimeoutError) as problem:
        day.broken.append(f"{type(problem).__name__}: {problem}")


async def sign_in(browser: Browser, username: str, password: str) -> None:
    page = await browser.get("login", "/login/")
    sent = page.fields() | {"username": username, "password": password}
    _expect(await browser.post("sign in", "/login/", sent), 200)


async def get_token(browser: Browser, username: str, password: str) -> None:
    sent = json.dumps({"username": username, "password": password, "provider": "db"}).encode()
    answer = _expect(await browser.call("token", "/api/v1/security/login", sent), 200)
    browser.token = json.loads(answer.text)["access_token"]


async def submit_by_screens(day: Day, browser: Browser) -> None:
    """工作台, the confirmation screen, those who wait, 全部确认, 提交至上级审核, and the page after it."""
    at = f"/enrolment/{day.year}/member_card/"
    _expect(await browser.get("home", "/"), 200)
    await day.think()
    screen = _expect(await browser.get("confirmation", at), 200)
    await day.think()
    if f'href="{at}waiting"' in _content(screen):
        waiting = _expect(await browser.get("people", f"{at}waiting"), 200)
        await day.think()
        if f'action="{at}waiting"' in waiting.text:
            token = waiting.fields()["csrf_token"]
            _expect(await browser.post("confirm", f"{at}waiting", {"csrf_token": token}), 200)
            await day.think()
            screen = _expect(await browser.get("confirmation", at), 200)
    else:
        _expect(await browser.get("people", f"{at}?bucket=all"), 200)
    await day.think()
    if 'form="submit-list"' not in screen.text:
        return  # nobody of this union can be enrolled
    form = screen.fields("submit-list")
    done = _expect(await browser.post("submit", f"{at}?plan={form['plan']}", form), 200)
    if "/submitted" not in done.path:
        raise Broken(f"after a submit came {done.path}")
    day.submitted_at.append(perf_counter())
    day.people += int(form["expected_headcount"])


async def submit_by_program(day: Day, browser: Browser) -> None:
    """The same by the API: the figures, and the submit."""
    at, chosen = f"/api/v1/years/{day.year}/enrolment", "channel=member_card&kind=collective&plan=A"
    seen = json.loads(_expect(await browser.call("preview", f"{at}/preview?{chosen}"), 200).text)
    await day.think()
    if not seen["buckets"]["eligible"]:
        return
    wanted = json.dumps({"channel": "member_card", "kind": "collective", "plan": "A"}).encode()
    done = await browser.call("submit by program", f"{at}/batches", wanted, uuid4().hex)
    day.people += json.loads(_expect(done, 201).text)["headcount"]
    day.submitted_at.append(perf_counter())


async def review(day: Day, browser: Browser) -> None:
    """All that waits, a hundred at a time, as long as the day lasts."""
    at = "/review/collective/?page_size=100"
    while not day.over.is_set():
        page = _expect(await browser.get("review", at), 200)
        ticked = TICK.findall(page.text)
        await day.wait(day.dice.uniform(0.5, 1.5) * SECONDS_TO_REVIEW)
        if ticked and not day.over.is_set():
            token = page.fields("approve")["csrf_token"]
            _expect(await browser.post("approve", at, {"csrf_token": token, "ids": ticked}), 200)
            day.approved += len(ticked)
        await day.wait(day.dice.uniform(0.5, 1.5) * SECONDS_TO_REVIEW)


async def watch_monitor(day: Day, browser: Browser) -> None:
    page = _expect(await browser.get("monitor", "/monitor/"), 200)
    renewed = RENEWED.search(page.text)
    if renewed is None:
        raise Broken("the monitor doesn't renew itself")
    while not day.over.is_set():
        await day.wait(SECONDS_BETWEEN_LOOKS)
        _expect(await browser.get("figures", renewed.group(1).replace("&amp;", "&")), 200)


def _content(page: Answer) -> str:
    """Without the head of the page, where the list of those who wait is one click away whoever waits."""
    return page.text.partition('class="figures-sentence"')[2]


def _expect(answer: Answer, status: int) -> Answer:
    if answer.status != status or answer.path.startswith("/login"):
        raise Broken(f"{answer.path}: {answer.status}")
    return answer
