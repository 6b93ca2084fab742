"""Signing in with a real browser: the first time, with an app, with a passkey, again before something dangerous."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.test.utils import override_settings

from qenex.access import lockout
from qenex.access.mfa import enrolment
from qenex.access.models import AuthenticatorApp, Failures, Method, Passkey, StaffSession
from qenex.access.tokens import family_start
from tests.e2e.conftest import Visit, expect, give_password, opened
from tests.e2e.reading import unreadable
from tests.support.marked import marked
from tests.support.people import PASSWORD, code, make_user, with_app, with_password


@pytest.fixture
def person(database: None) -> User:
    """A superuser with a password and nothing else."""
    return with_password(make_user(superuser=True))


@pytest.fixture
def stranger(browser: Any, address: str) -> Iterator[Visit]:
    """A browser that was never here, at the site's name: there are no passkeys for addresses of numbers."""
    visit = opened(browser, address.replace("127.0.0.1", "localhost"))
    with override_settings(ALLOWED_HOSTS=["127.0.0.1", "localhost"]):
        yield visit
    visit.page.context.close()


@pytest.fixture
def device(stranger: Visit) -> Any:
    """A device with a passkey, as the browser's own tools play it."""
    session = stranger.page.context.new_cdp_session(stranger.page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return session


def heading(page: Any) -> str:
    return str(page.locator("h1").inner_text())


def at(page: Any) -> str:
    return str(urlsplit(page.url).path)


def test_the_first_time_with_an_app_by_keyboard(stranger: Visit, person: User) -> None:
    page = stranger.page
    page.goto(f"{stranger.address}/admin/kernel/event/")
    assert unreadable(page) == {}
    expect(page.locator("[name=username]")).to_be_focused()
    page.keyboard.type(person.username)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    with stranger.leaving():
        page.keyboard.press("Enter")
    page.wait_for_url("**/admin/enrol/**")
    assert heading(page) == "Set up a second factor"
    assert unreadable(page) == {}
    expect(page.get_by_role("button", name="Use an authenticator app", exact=True)).to_be_focused()
    with stranger.leaving():
        page.keyboard.press("Enter")
    page.wait_for_url("**/admin/enrol/app/**")
    assert page.locator("img.qr").evaluate("image => image.naturalWidth") > 100
    assert unreadable(page) == {}
    expect(page.locator("[name=code]")).to_be_focused()
    page.keyboard.type(code(AuthenticatorApp.objects.get(user=person)))
    with stranger.leaving():
        page.keyboard.press("Enter")
    page.get_by_role("heading", name="Recovery codes").wait_for()
    assert unreadable(page) == {}
    codes = page.locator("#codes code").all_inner_texts()
    assert len(set(codes)) == 8
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    assert download.value.suggested_filename == f"qenex-recovery-codes-{person.username}.txt"
    assert download.value.path().read_text().split() == codes
    stranger.follow(page.get_by_role("link", name="I have kept them: go on"))
    page.wait_for_url("**/admin/kernel/event/")
    assert stranger.complaints == []


def test_a_second_time_with_the_app_and_a_third_with_a_recovery_code(stranger: Visit, person: User) -> None:
    page, app = stranger.page, with_app(person)
    recovery = enrolment.recovery_codes_make(user=person)
    give_password(stranger, person)
    assert heading(page) == "Second factor"
    assert unreadable(page) == {}
    field = page.get_by_label("Code of your authenticator app")
    field.fill("000000")
    with stranger.leaving():
        field.press("Enter")
    assert "That was not right" in page.get_by_role("alert").inner_text()
    assert unreadable(page) == {}
    page.wait_for_timeout(1_100)
    field.fill(code(app))
    with stranger.leaving():
        field.press("Enter")
    page.wait_for_url("**/admin/")
    stranger.press("Log out")
    page.wait_for_url("**/admin/login/")
    give_password(stranger, person)
    field.fill(recovery[0])
    with stranger.leaving():
        field.press("Enter")
    page.wait_for_url("**/admin/security/")
    assert "7 recovery codes are left." in page.locator(".messagelist").inner_text()
    assert unreadable(page) == {}
    assert stranger.complaints == []


def test_a_passkey_is_made_and_opens_and_confirms(stranger: Visit, device: Any, person: User) -> None:
    page = stranger.page
    give_password(stranger, person)
    page.get_by_label("Name").fill("This laptop")
    stranger.press("Make a passkey")
    page.get_by_role("heading", name="Recovery codes").wait_for()
    assert Passkey.objects.get(user=person).name == "This laptop"
    stranger.follow(page.get_by_role("link", name="I have kept them: go on"))
    page.wait_for_url("**/admin/")
    stranger.press("Log out")
    give_password(stranger, person)
    expect(page.get_by_role("button", name="Use a passkey", exact=True)).to_be_focused()
    assert unreadable(page) == {}
    with stranger.leaving():
        page.keyboard.press("Enter")
    page.wait_for_url("**/admin/")
    session = StaffSession.objects.filter(user=person).latest("created_at")
    assert session.verified_by == Method.PASSKEY
    assert Passkey.objects.get(user=person).sign_count > 1

    with marked():
        StaffSession.objects.filter(pk=session.pk).update(stepped_up_at=session.created_at - timedelta(minutes=6))
    page.goto(f"{stranger.address}/admin/auth/user/{person.pk}/roles/")
    assert at(page) == "/admin/step-up/"
    assert heading(page) == "Confirm it is you"
    assert unreadable(page) == {}
    stranger.press("Use a passkey")
    page.wait_for_url(f"**/admin/auth/user/{person.pk}/roles/")
    assert unreadable(page) == {}
    assert stranger.complaints == []


def test_another_device_does_not_open(stranger: Visit, device: Any, person: User) -> None:
    page = stranger.page
    give_password(stranger, person)
    stranger.press("Make a passkey")
    stranger.follow(page.get_by_role("link", name="I have kept them: go on"))
    page.wait_for_url("**/admin/")
    stranger.press("Log out")
    device.send("WebAuthn.disable")
    device.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    device.send("WebAuthn.addVirtualAuthenticator", {"options": {**options, "isUserVerified": True}})
    give_password(stranger, person)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("alert")).to_have_text("The passkey did not answer. Try again, or use a code.")
    assert at(page) == "/admin/second-factor/"
    assert StaffSession.objects.filter(user=person).latest("created_at").verified_at is None


def test_ten_failures_lock_the_address_out_and_say_so(stranger: Visit, person: User) -> None:
    page = stranger.page
    try:
        for _ in range(9):
            give_password(stranger, person, "wrong wrong wrong")
            assert page.get_by_role("alert").count() == 1
        give_password(stranger, person, "wrong wrong wrong")
        assert heading(page) == "Too many failures"
        assert "30 minutes" in page.get_by_role("alert").inner_text()
        assert unreadable(page) == {}
        stranger.page.goto(f"{stranger.address}/admin/login/")
        page.get_by_label("Username").fill(person.username)
        page.get_by_label("Password").fill(PASSWORD)
        stranger.press("Sign in")
        assert heading(page) == "Too many failures"
        assert not StaffSession.objects.filter(user=person).exists()
    finally:
        AccessAttempt.objects.filter(ip_address__in=["127.0.0.1", "::1"]).delete()


def test_pages_of_people_can_be_read_by_everybody(visit: Visit, accountant: User) -> None:
    other = make_user()
    family = family_start(user=accountant, method="password", user_agent="payroll/1.0 of the house").family
    lockout.failed(lockout.Client(other.username, "2001:db8:99::1"), stage="password")
    session, row = StaffSession.objects.latest("created_at"), Failures.objects.get(ip_address="2001:db8:99::1")
    paths = [
        *("auth/user/", f"auth/user/{other.pk}/change/", "auth/user/add/", "access/staffsession/", "access/failures/"),
        *(f"auth/user/{other.pk}/{each}/" for each in ("roles", "password", "second-factors", "sessions")),
        *(f"access/staffsession/{session.pk}/change/", f"access/staffsession/{session.pk}/end/"),
        *("access/tokenfamily/", f"access/tokenfamily/{family}/end/", f"access/tokenfamily/{family}/change/"),
        *(f"access/failures/{row.pk}/lift/", "security/", "password_change/", "enrol/"),
    ]
    found = {}
    for path in paths:
        visit.go(f"/admin/{path}")
        assert visit.complaints == [], path
        wrong = unreadable(visit.page)
        visit.complaints.clear()  # the reader tries styles of its own, where jQuery is on the page
        if wrong:
            found[path] = wrong
    lockout.lockout_lift(rows=Failures.objects.filter(pk=row.pk))
    assert found == {}
