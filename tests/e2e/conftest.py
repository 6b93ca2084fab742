"""A live server on the test database, and a Chromium that visits it."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.test.testcases import LiveServerThread
from django.test.utils import override_settings
from pytest_django import DjangoDbBlocker

from tests.support.people import PASSWORD, make_user, staff_client, with_password

CHROMIUM = next(filter(None, map(shutil.which, ("chromium-headless-shell", "chromium", "chromium-browser"))), None)
"""The shell without a window is a fifth faster."""
ARGUMENTS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
PATIENCE = 15_000
"""Milliseconds that the browser is waited for, whatever it is that should come."""


@dataclass
class Visit:
    """A browser's page, and what the browser complained of."""

    page: Any
    address: str
    complaints: list[str] = field(default_factory=list)

    def go(self, path: str) -> Any:
        """Opens a page of the site."""
        response = self.page.goto(self.address + path)
        assert response is not None
        assert response.status == 200, f"{path}: {response.status}"
        return self.page

    @contextmanager
    def leaving(self) -> Iterator[None]:
        """What is done in here leads to another page, or to this one anew; ends when that one is there.

        A click waits for the first bytes of the answer and a key for nothing: what is read next may be the page
        before, or half of the page after, and what is pressed next may have no script behind it yet.
        """
        with self.page.expect_navigation(wait_until="load"):
            yield

    def follow(self, place: Any) -> None:
        """Clicks on what leads to another page."""
        with self.leaving():
            place.click()

    def press(self, name: str) -> None:
        """Clicks on the button that leads to another page."""
        self.follow(self.page.get_by_role("button", name=name))


def expect(what: Any) -> Any:
    """Asserts what a script, and not the server, brings about: tries again until it holds, or patience ends."""
    from playwright import sync_api

    return sync_api.expect(what)


Enter = Callable[[User], Visit]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium, for one module: its event loop must not outlive it, for other tests start loops of their own."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed (Debian: apt install chromium)")
    from playwright import sync_api

    # Playwright runs an event loop in this thread; the tests' own queries here are none the worse for it.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    try:
        with sync_api.sync_playwright() as playwright:
            sync_api.expect.set_options(timeout=PATIENCE)
            chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
            yield chromium
            chromium.close()
    finally:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(scope="module")
def address(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    """The address of a server on this process's test database."""
    with django_db_blocker.unblock(), override_settings(ALLOWED_HOSTS=["127.0.0.1"]):
        server = LiveServerThread("127.0.0.1", StaticFilesHandler)
        server.daemon = True
        server.start()
        server.is_ready.wait()
        if server.error:
            raise server.error
        yield f"http://127.0.0.1:{server.port}"
        server.terminate()


@pytest.fixture
def accountant(database: None) -> User:
    """Somebody who may do everything in the ledger."""
    return with_password(make_user(superuser=True))


def opened(browser: Any, address: str, width: int = 1280) -> Visit:
    """A browser of its own for somebody, in which nothing moves."""
    context = browser.new_context(viewport={"width": width, "height": 900}, locale="en-GB", reduced_motion="reduce")
    context.set_default_timeout(PATIENCE)
    visit = Visit(context.new_page(), address)
    visit.page.on("console", lambda message: _note(visit, message))
    visit.page.on("pageerror", lambda error: visit.complaints.append(str(error)))
    return visit


@pytest.fixture
def enter(browser: Any, address: str, database: None) -> Iterator[Enter]:
    """Opens a browser of its own for somebody who has signed in with both factors."""
    visits = []

    def visit(user: User) -> Visit:
        visit = opened(browser, address)
        visits.append(visit)
        key = staff_client(user).cookies[settings.SESSION_COOKIE_NAME].value
        host = urlsplit(address).hostname
        cookie = {"name": settings.SESSION_COOKIE_NAME, "value": key, "domain": host, "path": "/"}
        visit.page.context.add_cookies([cookie])
        return visit

    yield visit
    for each in visits:
        each.page.context.close()


@pytest.fixture
def visit(enter: Enter, accountant: User) -> Visit:
    """The accountant's browser. Signing in through the page has tests of its own."""
    return enter(accountant)


def give_password(visit: Visit, user: User, password: str = PASSWORD) -> None:
    """The first step of signing in."""
    page = visit.go("/admin/login/")
    page.get_by_label("Username").fill(user.username)
    page.get_by_label("Password").fill(password)
    visit.press("Sign in")


def _note(visit: Visit, message: Any) -> None:
    """Errors and warnings of the browser."""
    if message.type in ("error", "warning"):
        visit.complaints.append(message.text)
