"""A real browser, and Pilotlens started as an evaluator starts it, for the tests of this folder."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Request, sync_playwright

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
LOCAL = {"127.0.0.1", "localhost"}
SECONDS_TO_START = 120


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium; Playwright's own browsers are never downloaded.

    One for each module: while it is open its event loop runs in this thread, and other tests could not run theirs.
    """
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("no Chromium on this machine; `make test` installs it where it may (apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


@dataclass
class Watched:
    """A browser session that remembers what it asked for."""

    context: BrowserContext
    requests: list[str] = field(default_factory=list)

    def open(self, address: str) -> Page:
        page = self.context.new_page()
        page.goto(address)
        return page

    def outside(self) -> list[str]:
        """Addresses that are neither on this machine nor inside the page itself."""
        return [url for url in self.requests if urlsplit(url).scheme.startswith(("http", "ws")) and not _is_local(url)]


def _is_local(url: str) -> bool:
    return urlsplit(url).hostname in LOCAL


@pytest.fixture
def session(chromium: Browser) -> Iterator[Watched]:
    """A fresh browser session, without cookies of others."""
    with chromium.new_context(viewport={"width": 1440, "height": 900}) as context:
        watched = Watched(context)

        def remember(request: Request) -> None:
            watched.requests.append(request.url)

        context.on("request", remember)
        context.on("page", lambda page: page.on("websocket", lambda socket: watched.requests.append(socket.url)))
        yield watched


@dataclass(frozen=True)
class Served:
    """A running `pilotlens ui`."""

    process: subprocess.Popen[str]
    lines: list[str]
    link: str
    """The printed link, with its token."""

    @property
    def address(self) -> str:
        return self.link.partition("?")[0].rstrip("/")

    def stop(self) -> int:
        """Stop it as Ctrl-C does; return the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(60)


@contextmanager
def served(workspace_root: Path, *options: str, port: int = 3000) -> Iterator[Served]:
    """Run `pilotlens ui` on a workspace with an environment that says nothing about it."""
    command = [sys.executable, "-m", "assets.cli", "ui", "--workspace", str(workspace_root), "--port", str(port)]
    quiet = {name: value for name, value in os.environ.items() if not name.startswith(("DAGSTER", "PILOTLENS"))}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "stdin": subprocess.DEVNULL}
    with subprocess.Popen([*command, *options], env=quiet, text=True, start_new_session=True, **pipes) as process:
        try:
            lines, link = _read_until_ready(process)
            yield Served(process, lines, link)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                process.wait(60)


def _read_until_ready(process: subprocess.Popen[str]) -> tuple[list[str], str]:
    """Return the lines (a list that goes on filling) and the link."""
    lines: list[str] = []
    links: Queue[str] = Queue()
    Thread(target=_collect, args=(process, lines, links), daemon=True).start()
    with suppress(Empty):
        if link := links.get(timeout=SECONDS_TO_START):
            return lines, link
    raise AssertionError("pilotlens ui printed no link:\n" + "".join(lines))


def _collect(process: subprocess.Popen[str], lines: list[str], links: Queue[str]) -> None:
    for line in process.stdout or ():
        lines.append(line)
        if found := re.search(r"http://127\.0\.0\.1:\d+/\?token=\S+", line):
            links.put(found.group())
    links.put("")


def serious_faults(page: Page) -> list[str]:
    """Return what axe-core finds serious or critical in a page, in words."""
    violations = Axe().run(page).response["violations"]
    return [
        f"{fault['impact']}: {fault['help']} ({len(fault['nodes'])} x, first {fault['nodes'][0]['html'][:120]})"
        for fault in violations
        if fault["impact"] in ("serious", "critical")
    ]


def screenshot(page: Page, name: str) -> None:
    """Keep a picture for the README when PILOTLENS_SCREENSHOTS names a folder."""
    if folder := os.environ.get("PILOTLENS_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png")
