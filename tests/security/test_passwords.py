"""Which passwords are taken, and what is kept of them."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.hashers import identify_hasher, make_password
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import CommonPasswordValidator, validate_password
from django.core.exceptions import ValidationError
from django.test import Client

from qenex.access.models import StaffSession
from qenex.access.passwords import password_change
from tests.support.people import PASSWORD, make_user, staff_client, with_password

NEW = "plum jam on rye"


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
        ("x" * 63 + " y", set()),
        ("q" * 300 + "w", set()),
    ],
)
def test_length_counts_and_kinds_of_characters_do_not(password: str, refused: set[str]) -> None:
    assert refusals(password) == refused


def test_common_ones_are_refused() -> None:
    """Of Django's 20,000 these are long enough to matter."""
    common = sorted(each for each in CommonPasswordValidator().passwords if len(each) >= 12)
    assert len(common) > 100
    assert {frozenset(refusals(each)) for each in common[:: len(common) // 20]} == {frozenset({"password_too_common"})}


def test_one_s_own_name_is_refused(database: None) -> None:
    user = make_user("wilhelmina.von-thurn")
    assert refusals("wilhelmina.von-thurn1", user) == {"password_too_similar"}


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
