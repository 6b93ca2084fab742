"""What asks for the second factor again, and what it does with what was posted: nothing."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import User
from django.test import Client

from ledger.models import Hold, Journal
from qenex.access import stepup
from qenex.access.models import ApprovalPolicy, StaffSession
from qenex.kernel import clock
from qenex.kernel.ids import uuid7
from tests.support.ledger import give, hold, make_shop, post
from tests.support.marked import marked
from tests.support.people import code, make_user, staff_client, staff_request, with_app


@pytest.fixture
def boss(database: None) -> User:
    """Somebody who may do everything, with an app."""
    user = make_user(superuser=True)
    with_app(user)
    return user


def stale(user: User, **options: Any) -> Client:
    return staff_client(user, stepped_up=False, **options)


def asked(answer: Any) -> str | None:
    """Where the step-up page would lead back to; none where it was not asked for."""
    target = urlsplit(answer.headers.get("Location", ""))
    return parse_qs(target.query)["next"][0] if target.path == "/admin/step-up/" else None


@pytest.mark.parametrize(("age", "fresh"), [(timedelta(minutes=5, seconds=-1), True), (timedelta(minutes=5), False)])
def test_it_counts_for_five_minutes(boss: User, age: timedelta, fresh: bool) -> None:
    request = staff_request(boss)
    with clock.frozen(request.staff_session.stepped_up_at + age):  # type: ignore[attr-defined]  # the middleware's
        assert stepup.fresh(request) is fresh


def test_holds_and_reversals_ask_and_nothing_is_done_with_what_was_posted(boss: User) -> None:
    from ledger import services

    shop = make_shop(2, funds="100")
    post(shop.book, hold(*shop.pair, 5))
    services.journal_post(book=shop.book, transfers=[give(*shop.pair, 1)], reference="r")
    held, journal = Hold.objects.get(book_id=shop.book.pk), Journal.objects.get(book_id=shop.book.pk)
    client = stale(boss)
    for path in (f"hold/{held.pk}/void/", f"hold/{held.pk}/post/", f"journal/{journal.pk}/reverse/"):
        url = f"/admin/ledger/{path}"
        for answer in (client.get(url), client.post(url, {"reason": "x", "id": str(uuid7()), "amount": "5"})):
            assert asked(answer) == url
    held.refresh_from_db()
    assert held.status == "open"
    assert Journal.objects.filter(book_id=shop.book.pk).count() == 1


def test_the_api_asks_people_and_not_programs(boss: User) -> None:
    from tests.kernel.conftest import token_client

    shop = make_shop(2, funds="100")
    post(shop.book, hold(*shop.pair, 5))
    held = Hold.objects.get(book_id=shop.book.pk)
    url = f"/api/v1/holds/{held.pk}/void"
    key = {"Idempotency-Key": uuid7().hex}
    answer = stale(boss).post(url, {}, "application/json", headers=key)
    assert (answer.status_code, answer.json()["code"]) == (403, "step_up_required")
    held.refresh_from_db()
    assert held.status == "open"
    assert token_client(boss).post(url, {}, "application/json", headers=key).status_code == 201


@pytest.mark.parametrize("page", ["roles", "password", "second-factors", "sessions"])
def test_pages_about_people_ask(boss: User, page: str) -> None:
    other = make_user()
    url = f"/admin/auth/user/{other.pk}/{page}/"
    assert asked(stale(boss).post(url, {"reason": "x"})) == url


def test_changing_a_user_asks(boss: User) -> None:
    other = make_user()
    url = f"/admin/auth/user/{other.pk}/change/"
    assert asked(stale(boss).post(url, {"username": "stolen"})) == url
    other.refresh_from_db()
    assert other.username != "stolen"


def test_ending_the_session_of_another_asks(boss: User) -> None:
    staff_client(make_user())
    session = StaffSession.objects.latest("created_at")
    url = f"/admin/access/staffsession/{session.pk}/end/"
    assert asked(stale(boss).post(url, {"reason": "x"})) == url
    session.refresh_from_db()
    assert session.ended_at is None


@pytest.mark.parametrize("path", ["enrol/", "enrol/app/", "enrol/passkey/options/"])
def test_adding_a_factor_asks(boss: User, path: str) -> None:
    assert asked(stale(boss).get(f"/admin/{path}")) == f"/admin/{path}"


def test_removing_ones_factor_and_making_codes_ask_and_lead_back_to_the_page(boss: User) -> None:
    client, app = stale(boss), boss.authenticatorapp_set.get()
    for path in (f"app/{app.pk}/remove/", "recovery-codes/"):
        assert asked(client.post(f"/admin/security/{path}")) == "/admin/security/"
    assert boss.authenticatorapp_set.count() == 1


def test_keys_of_programs_policies_and_approvals_ask(boss: User) -> None:
    client = stale(boss)
    assert asked(client.get("/admin/access/apikey/add/")) == "/admin/access/apikey/add/"
    assert asked(client.post("/admin/access/approvalpolicy/add/", {"command": "x"})) is not None
    assert not ApprovalPolicy.objects.filter(command="x").exists()


def test_who_confirms_comes_back_and_may_go_on(boss: User) -> None:
    client, app = stale(boss), boss.authenticatorapp_set.get()
    url = f"/admin/auth/user/{boss.pk}/roles/"
    answer = client.get(url)
    page = client.get(answer["Location"])
    assert "needs your second factor again" in page.text
    wrong = client.post(answer["Location"], {"code": "000000", "next": url})
    assert (wrong.status_code, "That was not right" in wrong.text) == (200, True)
    boss.authenticatorapp_set.update(throttling_failure_count=0)
    right = client.post(answer["Location"], {"code": code(app), "next": url})
    assert (right.status_code, right["Location"]) == (302, url)
    assert client.get(url).status_code == 200


def test_a_replayed_code_confirms_nothing(boss: User) -> None:
    client, app = stale(boss), boss.authenticatorapp_set.get()
    typed = code(app)
    assert client.post("/admin/step-up/", {"code": typed}).status_code == 302
    with marked():
        StaffSession.objects.filter(user=boss).update(stepped_up_at=clock.now() - stepup.FRESH)
    assert client.post("/admin/step-up/", {"code": typed}).status_code == 200
    assert asked(client.get(f"/admin/auth/user/{boss.pk}/roles/")) is not None
