"""A headless Chromium without a network, for tests that drive pages as a reader would."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))),
    None,
)
FLAGS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

needs_chromium = pytest.mark.skipif(
    CHROMIUM is None and not os.environ.get("CI"),
    reason="no Chromium is installed; CI installs one and runs this",
)


@dataclass
class Seen:
    """What a page did besides being shown: all of it should stay empty."""

    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


@contextmanager
def running() -> Iterator[Any]:
    """Start a browser, and end it: one is enough for a module's tests (see the fixture `chromium`)."""
    from playwright.sync_api import sync_playwright

    assert CHROMIUM is not None, "CI must install Chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS, chromium_sandbox=False)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(
    file: Path,
    *,
    browser: Any = None,
    width: int = 1920,
    height: int = 1080,
    fragment: str = "",
    **context: Any,
) -> Iterator[tuple[Any, Seen]]:
    """Open a page from its file, with the network off; give the page, and what it asked for or complained of.

    It is opened in a room of its own in `browser`, or in a browser started for it.
    """
    if browser is None:
        with (
            running() as started,
            opened(
                file, browser=started, width=width, height=height, fragment=fragment, **context
            ) as page_and_seen,
        ):
            yield page_and_seen
        return
    seen = Seen()
    room = browser.new_context(viewport={"width": width, "height": height}, offline=True, **context)
    try:
        page = room.new_page()
        own = file.resolve().as_uri()
        page.on(
            "request",
            lambda asked: (
                seen.requests.append(asked.url) if not asked.url.startswith((own, "data:")) else None
            ),
        )
        page.on(
            "console",
            lambda said: seen.errors.append(said.text) if said.type in {"error", "warning"} else None,
        )
        page.on("pageerror", lambda error: seen.errors.append(str(error)))
        page.goto(own + fragment)
        yield page, seen
    finally:
        room.close()
