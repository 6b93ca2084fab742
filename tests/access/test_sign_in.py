"""Signing in through the pages: there is one door, and behind it a second one."""

import re
from io import StringIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from django.contrib.auth.models import User
from django.contrib.staticfiles import finders
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from qenex.access import sessions
from qenex.access.admin import urls as own
from qenex.access.mfa import enrolment, passkeys, totp
from qenex.access.models import AuthenticatorApp, Ended, Method, RecoveryCode, StaffSession
from qenex.kernel.models import Event
from tests.access.mfa.test_enrolment import make_passkey
from tests.access.walk.addresses import addresses
from tests.access.walk.world import Nowhere
from tests.support.marked import marked
from tests.support.people import PASSWORD, code, make_user, sign_in, staff_client, with_app, with_password

EARLY = {
    *("admin/login/", "admin/logout/", "admin/second-factor/", "admin/second-factor/passkey/", "admin/enrol/"),
    *("admin/enrol/app/", "admin/enrol/app/qr.png", "admin/enrol/passkey/", "admin/enrol/passkey/options/"),
    "admin/password_change/",
}
"""What a password alone reaches."""
DOORS = re.compile(r"log_?in|sign_?in(?!gkey)|authenticate|password_reset|oauth|otp_webauthn", re.IGNORECASE)


@pytest.fixture
def person(database: None) -> User:
    """Somebody with a password and nothing else."""
    return with_password(make_user())


def with_the_password(user: User, **options: Any) -> Client:
    client = Client(**options)
    answer = client.post("/admin/login/", {"username": user.username, "password": PASSWORD, "next": "/admin/security/"})
    assert (answer.status_code, answer["Location"]) == (302, "/admin/second-factor/?next=%2Fadmin%2Fsecurity%2F")
    return client


def test_nothing_but_the_way_to_a_second_factor_answers(person: User) -> None:
    client = with_the_password(person)
    world, reached = Nowhere(), set()
    for address in addresses():
        if address.method == "ACTION" or address.route == "admin/logout/":
            continue
        answer = client.generic(address.method, world.path(address), "{}", "application/json")
        if address.route.startswith("api/"):
            assert (answer.status_code, answer.json()["code"]) == (401, "second_factor_required"), address
        elif not answer.headers.get("Location", "").startswith("/admin/second-factor/"):
            reached.add(address.route)
    assert reached == EARLY - {"admin/logout/", "admin/password_change/"}, "that page asks for all factors itself"


def test_nothing_at_all_answers_in_the_name_of_who_has_not_verified(person: User) -> None:
    client = with_the_password(person)
    assert client.get("/admin/nothing/at/all/").status_code in (302, 404)
    assert client.get("/nothing").status_code == 404
    assert "Site administration" not in client.get("/admin/enrol/").text


def test_there_is_no_second_door() -> None:
    def views(patterns: Any, prefix: str = "") -> Any:
        for each in patterns:
            route = f"{prefix}{each.pattern}"
            if isinstance(each, URLResolver):
                yield from views(each.url_patterns, route)
            else:
                yield route, each

    doors = []
    for route, pattern in views(get_resolver().url_patterns):
        assert isinstance(pattern, URLPattern)
        name = f"{pattern.callback.__module__}.{getattr(pattern.callback, '__qualname__', '')} {pattern.name} {route}"
        if DOORS.search(name) and not route.startswith("api/v1/problems"):
            doors.append((route, pattern.callback in {each.callback for each in own.urlpatterns}))
    assert [route for route, ours in doors if not ours] == []
    assert ("admin/login/", True) in doors


@pytest.mark.smoke
def test_the_first_time_leads_through_an_app_and_codes_to_where_one_wanted_to_go(
    person: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = with_the_password(person)
    page = client.get("/admin/second-factor/?next=/admin/security/", follow=True)
    assert page.redirect_chain == [("/admin/enrol/?next=%2Fadmin%2Fsecurity%2F", 302)]
    page = client.post("/admin/enrol/?next=/admin/security/", follow=True)
    app = AuthenticatorApp.objects.get(user=person, confirmed=False)
    assert app.secret is not None
    text = totp.as_text(app.secret)
    assert text in page.text.replace(" ", "")
    assert totp.uri(app.secret, issuer="QENEX", user=person.username).replace("&", "&amp;") in page.text
    picture = client.get("/admin/enrol/app/qr.png")
    assert (picture["Content-Type"], picture.content[:4]) == ("image/png", b"\x89PNG")
    assert "no-store" in picture["Cache-Control"]
    monkeypatch.setattr("sys.stdin", StringIO(text.lower()))
    out = StringIO()
    call_command("totp", stdout=out)
    assert "not the code" in client.post("/admin/enrol/app/", {"code": "12"}).text
    AuthenticatorApp.objects.update(throttling_failure_count=0)
    page = client.post("/admin/enrol/app/?next=/admin/security/", {"code": out.getvalue(), "next": "/admin/security/"})
    shown = re.findall(r"<li><code>([0-9A-Z-]{29})</code></li>", page.text)
    assert len(shown) == 8
    assert "no-store" in page["Cache-Control"]
    onward = re.search(r'href="([^"]+)">I have kept them', page.text)
    assert onward is not None
    assert client.get(onward[1].replace("&amp;", "&"))["Location"] == "/admin/security/"
    assert client.get("/admin/security/").status_code == 200
    assert not any(each in client.get("/admin/security/").text for each in shown)
    assert StaffSession.objects.get(user=person).verified_by == Method.TOTP


@pytest.mark.parametrize("typed", ["", "abc", "====", "1111111"])
def test_the_command_for_codes_says_what_is_wrong(typed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", StringIO(typed))
    with pytest.raises(CommandError, match="secret"):
        call_command("totp")


def test_who_has_a_factor_cannot_add_another_with_the_password_alone(person: User) -> None:
    with_app(person)
    client = with_the_password(person)
    for method, path in (
        ("GET", ""),
        ("POST", ""),
        ("POST", "app/"),
        ("POST", "passkey/"),
        ("POST", "passkey/options/"),
    ):
        answer = client.generic(method, f"/admin/enrol/{path}")
        assert answer["Location"].startswith("/admin/second-factor/"), path
    assert enrolment.app_pending(person) is None


@pytest.mark.smoke
def test_a_recovery_code_opens_and_says_how_many_are_left(person: User) -> None:
    with_app(person)
    made = enrolment.recovery_codes_make(user=person)
    client = with_the_password(person)
    answer = client.post("/admin/second-factor/", {"code": made[3].lower()}, follow=True)
    assert answer.redirect_chain[-1] == ("/admin/security/", 302)
    assert "7 recovery codes are left." in answer.text
    assert StaffSession.objects.get(user=person).verified_by == Method.RECOVERY
    again = with_the_password(person)
    assert again.post("/admin/second-factor/", {"code": made[3]}).status_code == 200
    assert RecoveryCode.objects.filter(user=person, used_at__isnull=True).count() == 7


def test_new_codes_are_made_on_ones_page(person: User) -> None:
    old = enrolment.recovery_codes_make(user=person)
    client = staff_client(person)
    page = client.post("/admin/security/recovery-codes/")
    shown = re.findall(r"<code>([0-9A-Z-]{29})</code>", page.text)
    assert len(shown) == 8
    assert set(shown) & set(old) == set()
    assert "no-store" in page["Cache-Control"]


def test_one_removes_ones_own_factors_but_not_the_last(person: User) -> None:
    app, stranger = with_app(person), with_app(make_user())
    client = staff_client(person)
    page = client.post(f"/admin/security/app/{app.pk}/remove/", follow=True)
    assert "This is your last second factor" in page.text
    key = make_passkey(person)
    assert client.post(f"/admin/security/passkey/{key.pk}/remove/").status_code == 302
    assert enrolment.methods(person) == {Method.TOTP}
    for path in (f"app/{stranger.pk}", "app/nonsense", f"passkey/{key.pk}", "passkey/x"):
        assert client.post(f"/admin/security/{path}/remove/").status_code == 404
    assert AuthenticatorApp.objects.filter(pk=stranger.pk).exists()


def test_a_superuser_of_production_needs_a_passkey(database: None, settings: Any) -> None:
    settings.EMBEDDED = False
    boss = with_password(make_user(superuser=True))
    client = with_the_password(boss)
    page = client.get("/admin/enrol/")
    assert "Use an authenticator app" not in page.text
    assert client.post("/admin/enrol/")["Location"].startswith("/admin/enrol/")
    assert enrolment.app_pending(boss) is None
    app = with_app(boss)
    answer = client.post("/admin/second-factor/?next=/admin/", {"code": code(app)}, follow=True)
    assert answer.redirect_chain[-1][0].startswith("/admin/enrol/")
    assert client.get("/admin/")["Location"].startswith("/admin/second-factor/")
    make_passkey(boss)
    assert "authenticator app" not in with_the_password(boss).get("/admin/second-factor/").text


def test_somebody_made_a_superuser_in_production_needs_one_from_the_next_request(person: User, settings: Any) -> None:
    settings.EMBEDDED = False
    client = Client()
    session = sign_in(client, person, verified=False)
    sessions.session_verify(session=session, method=Method.TOTP, key=client.session.session_key or "")
    assert client.get("/admin/").status_code == 200
    with marked():
        User.objects.filter(pk=person.pk).update(is_superuser=True)
    assert client.get("/admin/")["Location"].startswith("/admin/second-factor/")


@pytest.mark.parametrize(
    "answer", ["x", "[]", "{}", '{"id": "AA", "rawId": "AA", "response": {}, "type": "public-key"}']
)
def test_an_answer_that_is_no_passkeys_opens_nothing(person: User, answer: str) -> None:
    make_passkey(person)
    client = with_the_password(person)
    client.post("/admin/second-factor/passkey/")
    page = client.post("/admin/second-factor/", {"credential": answer, "code": ""})
    assert (page.status_code, "That was not right" in page.text) == (200, True)
    assert StaffSession.objects.get(user=person).verified_at is None
    with pytest.raises(passkeys.Refused):
        passkeys._state(page.wsgi_request, "passkey_authenticate")


def test_a_passkey_without_a_challenge_is_refused(person: User) -> None:
    client = with_the_password(person)
    page = client.post("/admin/enrol/passkey/", {"credential": "{}", "name": "x"}, follow=True)
    assert "The passkey could not be set up." in page.text
    assert enrolment.methods(person) == frozenset()


@pytest.mark.smoke
def test_another_sign_in_ends_the_session_before_it(person: User) -> None:
    client = staff_client(person)
    first = StaffSession.objects.get(user=person)
    client.post("/admin/login/", {"username": person.username, "password": PASSWORD})
    first.refresh_from_db()
    assert first.ended_reason == Ended.SIGNED_OUT


def test_who_has_signed_in_is_not_asked_again(person: User) -> None:
    client = staff_client(person)
    assert client.get("/admin/login/?next=/admin/security/", follow=True).redirect_chain == [
        ("/admin/second-factor/?next=%2Fadmin%2Fsecurity%2F", 302),
        ("/admin/security/", 302),
    ]


def test_events_of_a_sign_in(person: User) -> None:
    app = with_app(person)
    client = with_the_password(person)
    client.post("/admin/second-factor/", {"code": code(app)})
    client.post("/admin/logout/")
    types = Event.objects.filter(subject_type="user", subject_id=str(person.pk)).order_by("id")
    assert [each.type for each in types] == [f"access.session.{what}" for what in ("opened", "verified", "ended")]


def test_only_staff_signs_in(database: None) -> None:
    user = with_password(make_user(is_staff=False))
    client = Client()
    assert client.post("/admin/login/", {"username": user.username, "password": PASSWORD}).status_code == 200
    assert not StaffSession.objects.filter(user=user).exists()


def test_every_kind_of_page_has_the_icon_which_is_there_and_only_draws(database: None) -> None:
    client = staff_client(make_user(superuser=True))
    pages = ["/admin/", "/admin/auth/user/", "/admin/security/", "/api/v1/problems/", "/api/v1/docs"]
    texts = [Client().get("/admin/login/").text, *(client.get(page).text for page in pages)]
    links = [re.findall(r'<link rel="icon" href="([^"]+)" type="image/svg.xml">', text) for text in texts]
    assert links == [["/static/kernel/favicon.svg"]] * len(texts)
    found = finders.find("kernel/favicon.svg")
    assert isinstance(found, str)
    drawn = ElementTree.fromstring(Path(found).read_text())  # noqa: S314  # our own file
    assert {each.tag.rpartition("}")[2] for each in drawn.iter()} == {"svg", "rect", "circle", "path"}


def test_the_button_says_what_the_title_says(database: None) -> None:
    page = Client().get("/admin/login/").text
    assert "<h1>Sign in</h1>" in page
    assert '<input type="submit" class="default" value="Sign in">' in page
