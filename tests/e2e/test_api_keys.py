"""A key for a colleague: who makes it sees no secret, whose it is collects it, and a program signs with it."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from ledger.models import Transfer
from qenex.access.models import ApiKey, AuthenticatorApp, StaffSession
from tests.docs.pages import ROOT
from tests.e2e.conftest import Enter, Visit, give_password, opened
from tests.e2e.reading import unreadable
from tests.ledger.api.conftest import transfer
from tests.support.ledger import Shop, make_shop
from tests.support.marked import marked
from tests.support.people import code, make_user, with_app, with_password

CLIENT = ROOT / "docs" / "guide" / "examples" / "signed_client.py"
SECRET = re.compile(r"\b[0-9a-f]{64}\b")


@pytest.fixture
def colleague(database: None) -> User:
    """Somebody who may post transfers, and needs a program for it."""
    return with_password(make_user(roles=("operations",)))


@pytest.fixture
def own(browser: Any, address: str, colleague: User) -> Iterator[Visit]:
    """The colleague's browser, in which nobody has signed in."""
    visit = opened(browser, address, 1440)
    yield visit
    visit.page.context.close()


def fine(visit: Visit) -> None:
    """The browser has nothing to complain of, and everybody can read the page, light and dark, wide and narrow."""
    assert visit.complaints == [], visit.page.url
    assert unreadable(visit.page) == {}, visit.page.url
    visit.complaints.clear()  # the reader tries styles of its own, where jQuery is on the page


def sign_in(visit: Visit, user: User, app: AuthenticatorApp) -> None:
    """Both factors, on the pages; a while ago."""
    give_password(visit, user)
    visit.page.get_by_label("Code of your authenticator app").fill(code(app))
    visit.press("Confirm")
    visit.page.wait_for_url("**/admin/")
    session = StaffSession.objects.get(user=user)
    with marked():
        StaffSession.objects.filter(pk=session.pk).update(stepped_up_at=session.created_at - timedelta(minutes=6))


def make_key(visit: Visit, owner: User, shop: Shop) -> None:
    """The administrator's part."""
    page = visit.go("/admin/access/apikey/add/")
    fine(visit)
    page.get_by_label("Name:").fill("Payroll")
    page.get_by_label("Owner:").fill(owner.username)
    page.get_by_label("Post transfers", exact=True).check()
    page.get_by_label("Look at everything that the owner may look at").check()
    page.get_by_label("Books:").select_option(str(shop.book.pk))
    page.get_by_label("Reason:").fill("The payroll pays by itself")
    visit.press("Make the key")
    assert page.locator(".messagelist").inner_text().strip() == (
        f"The secret waits for {owner.username}, who collects it under Security, API keys. Nobody else sees it."
    )
    assert SECRET.findall(page.content()) == []
    fine(visit)


def collect(visit: Visit, app: AuthenticatorApp) -> tuple[str, str]:
    """The owner's part: the key's id and its secret."""
    page = visit.go("/admin/security/")
    assert "Waiting for you to collect its secret" in page.get_by_role("row", name="Payroll").inner_text()
    fine(visit)
    visit.follow(page.get_by_role("link", name="Payroll"))
    assert page.locator("h1").inner_text() == "Confirm it is you"
    page.get_by_label("Code of your authenticator app").fill(code(app, 1))
    visit.press("Confirm")
    page.wait_for_url("**/admin/security/keys/**")
    fine(visit)
    visit.press("Collect the secret")
    [secret] = SECRET.findall(page.locator("#content").inner_text())
    fine(visit)
    return page.locator("dd code").first.inner_text(), secret


def client(key: str, secret: str, *words: str) -> tuple[int, Any]:
    """Exit status and answer of the program of the guide."""
    environment = {**os.environ, "QENEX_KEY": key, "QENEX_SECRET": secret}
    command = [sys.executable, "-I", str(CLIENT), *words]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.stderr == ""
    return done.returncode, json.loads(done.stdout)


def test_a_colleague_collects_the_secret_of_a_key_that_an_administrator_has_made(
    enter: Enter, own: Visit, address: str, colleague: User
) -> None:
    shop, administrator, app = (
        make_shop(2, funds="100"),
        enter(make_user(roles=("administrator",))),
        with_app(colleague),
    )
    make_key(administrator, colleague, shop)
    sign_in(own, colleague, app)
    key, secret = collect(own, app)

    own.page.reload()  # which sends the form again
    assert own.page.locator(".messagelist").inner_text().strip() == "No secret of this key waits to be collected."
    for path in ("/admin/security/", f"/admin/security/keys/{ApiKey.objects.get(key_id=key).pk}/"):
        assert SECRET.findall(own.go(path).content()) == []
    fine(own)
    assert SECRET.findall(administrator.go(f"/admin/access/apikey/?q={key}").content()) == []

    given = transfer(shop)
    order = json.dumps({**given, "book": shop.book.code})
    status, answer = client(key, secret[::-1], "POST", f"{address}/api/v1/transfers", order)
    assert (status, answer["code"]) == (1, "signature_invalid")
    assert not Transfer.objects.filter(pk=given["id"]).exists()
    status, answer = client(key, secret, "POST", f"{address}/api/v1/transfers", order)
    assert (status, answer["id"], answer["status"]) == (0, given["id"], "posted")
    assert Transfer.objects.filter(pk=given["id"]).exists()
    assert (own.complaints, administrator.complaints) == ([], [])
