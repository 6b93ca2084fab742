"""A sign-in of a program: its refresh tokens are used once, and whatever ends it ends its tokens."""

import json
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from django.test import Client

from qenex.access import people, sessions, tasks
from qenex.access.models import TokenFamily
from qenex.access.tokens import (
    Issued,
    TokenEnded,
    TokenExpired,
    TokenInvalid,
    TokenReused,
    bearer,
    families_end,
    families_prune,
    family_end,
    family_refresh,
    family_start,
)
from qenex.kernel import clock
from qenex.kernel.context import Context, acting
from qenex.kernel.ids import uuid7
from qenex.kernel.models import Event
from tests.access.tokens.conftest import PASSWORD, Ask, code
from tests.kernel.conftest import make_user
from tests.support.forgery import parts
from tests.support.marked import marked
from tests.support.people import sign_in

BY = Context(actor="anonymous", address="192.0.2.7", method="anonymous", request_id="r-7")


def start(person: User) -> tuple[Issued, str]:
    """A sign-in and its refresh token."""
    with acting(BY):
        issued = family_start(user=person, method="password", user_agent="tests/1")
    assert issued.refresh is not None
    return issued, issued.refresh


def again(refresh: str) -> tuple[Issued, str]:
    """The next tokens and the refresh token among them."""
    issued = family_refresh(refresh=refresh)
    assert issued.refresh is not None
    return issued, issued.refresh


def events(issued: Issued) -> list[tuple[str, dict[str, Any]]]:
    """Type and data of the family's events, in order."""
    bodies = [
        json.loads(bytes(each.body)) for each in Event.objects.order_by("id").filter(type__startswith="access.token")
    ]
    return [(each["type"], each["data"]) for each in bodies if each["data"]["family"] == str(issued.family)]


def dead(token: str) -> bool:
    """Whether an access token is one of a sign-in that has ended."""
    try:
        bearer(token)
    except TokenEnded:
        return True
    return False


def test_a_sign_in_is_recorded_without_any_token(person: User) -> None:
    issued, refresh = start(person)
    family = TokenFamily.objects.get(pk=issued.family)
    assert (family.user, family.method, family.address, family.user_agent) == (
        person,
        "password",
        "192.0.2.7",
        "tests/1",
    )
    assert (family.ended_at, family.ended_reason, family.refreshed_at) == (None, "", None)
    assert family.expires_at - family.created_at == timedelta(hours=8)
    assert family.refresh_hash is not None
    assert bytes(family.refresh_hash) == sha256(refresh.encode()).digest()
    with connection.cursor() as cursor:
        cursor.execute("SELECT t::text FROM access_tokenfamily t WHERE id = %s", [issued.family])
        (row,) = cursor.fetchone()
    bodies = b"".join(bytes(each.body) for each in Event.objects.filter(request_id="r-7")).decode()
    for token in (issued.access, refresh):
        for piece in (*token.split("."), parts(token)[1]["jti"]):
            assert piece not in row
            assert piece not in bodies


def test_a_sign_in_has_an_event(person: User) -> None:
    issued, _ = start(person)
    [(kind, data)] = events(issued)
    assert kind == "access.token.issued"
    assert (data["username"], data["method"], data["user"]) == (person.username, "password", person.pk)


def test_both_tokens_say_whose_and_of_which_sign_in_they_are(person: User) -> None:
    issued, refresh = start(person)
    (access_header, access), (refresh_header, renewal) = parts(issued.access), parts(refresh)
    assert (access_header["typ"], refresh_header["typ"]) == ("at+jwt", "refresh+jwt")
    assert (access["iss"], access["aud"], renewal["iss"], renewal["aud"]) == ("qenex", "qenex-api", "qenex", "qenex")
    assert access["sub"] == renewal["sub"] == str(person.pk)
    assert access["sid"] == renewal["sid"] == str(issued.family)
    assert access["jti"] != renewal["jti"]
    assert (access["exp"] - access["iat"], renewal["exp"] - renewal["iat"]) == (900, 8 * 3600)


@pytest.mark.smoke
def test_a_refresh_token_is_exchanged_for_the_next_tokens(person: User, ask: Ask) -> None:
    first, refresh = start(person)
    second, next_refresh = again(refresh)
    assert len({first.access, second.access, refresh, next_refresh}) == 4
    assert second.family == first.family
    assert [code(ask(each)) for each in (first.access, second.access)] == [(200, None)] * 2
    assert [kind for kind, _ in events(first)] == ["access.token.issued", "access.token.refreshed"]
    renewed = Event.objects.filter(type="access.token.refreshed", subject_id=person.pk).get()
    assert (renewed.actor_id, renewed.actor) == (person.pk, person.username)
    again(next_refresh)


@pytest.mark.smoke
def test_a_used_refresh_token_ends_the_family(person: User, ask: Ask) -> None:
    first, refresh = start(person)
    second, next_refresh = again(refresh)
    with acting(BY), pytest.raises(TokenReused):
        family_refresh(refresh=refresh)
    assert dead(first.access)
    assert dead(second.access)
    assert code(ask(second.access)) == (401, "authentication_failed")
    for token in (refresh, next_refresh):
        with pytest.raises(TokenEnded):
            family_refresh(refresh=token)
    kind, data = events(first)[-1]
    assert (kind, data["reason"]) == ("access.token.ended", "reused")
    ended = Event.objects.filter(type="access.token.ended", subject_id=person.pk).get()
    assert (ended.actor_id, ended.actor) == (None, "anonymous")  # nobody knows who it was
    assert len(events(first)) == 3


def test_reuse_ends_no_other_sign_in_of_the_same_person(person: User) -> None:
    (_, refresh), (other, other_refresh) = start(person), start(person)
    again(refresh)
    with pytest.raises(TokenReused):
        family_refresh(refresh=refresh)
    assert not dead(other.access)
    again(other_refresh)


def test_whoever_knows_the_sign_ins_id_alone_can_not_end_it(person: User) -> None:
    issued, refresh = start(person)
    made_up = refresh[:-20] + "A" * 20
    with pytest.raises(TokenInvalid):
        family_refresh(refresh=made_up)
    with pytest.raises(TokenInvalid):
        family_end(refresh=made_up, reason="signed_out")
    assert not dead(issued.access)


def test_a_person_signs_in_again_after_eight_hours_however_often_tokens_were_refreshed(person: User) -> None:
    issued, refresh = start(person)
    ends = TokenFamily.objects.get(pk=issued.family).expires_at
    for _ in range(3):
        with clock.frozen(ends - timedelta(minutes=5)):
            last, refresh = again(refresh)
    claims = parts(last.access)[1]
    assert claims["exp"] == int(ends.timestamp())  # five minutes, not fifteen
    with clock.frozen(ends), pytest.raises(TokenExpired):
        family_refresh(refresh=refresh)
    with clock.frozen(ends), pytest.raises(TokenExpired):
        bearer(last.access)


def test_the_lives_are_settings(person: User, settings: Any) -> None:
    settings.TOKEN_MINUTES, settings.TOKEN_HOURS = 5, 1
    settings.TOKEN_ISSUER, settings.TOKEN_AUDIENCE = "https://qenex.example", "https://qenex.example/api"
    issued, refresh = start(person)
    access, renewal = parts(issued.access)[1], parts(refresh)[1]
    assert (access["exp"] - access["iat"], renewal["exp"] - renewal["iat"]) == (300, 3600)
    assert (access["iss"], access["aud"]) == ("https://qenex.example", "https://qenex.example/api")
    assert bearer(issued.access).user == person
    settings.TOKEN_ISSUER = "https://other.example"
    with pytest.raises(TokenInvalid):
        bearer(issued.access)


def test_a_deactivated_user_has_no_tokens(person: User, ask: Ask) -> None:
    issued, refresh = start(person)
    with marked():
        User.objects.filter(pk=person.pk).update(is_active=False)
    assert code(ask(issued.access)) == (401, "authentication_failed")
    with pytest.raises(TokenEnded):
        family_refresh(refresh=refresh)


def test_becoming_active_again_revives_nothing(person: User, ask: Ask) -> None:
    issued, refresh = start(person)
    other, _ = start(make_user())
    session = sign_in(Client(), person)
    for active in (False, True):  # past every service, and nobody asks in between
        with marked():
            User.objects.filter(pk=person.pk).update(is_active=active)
    assert code(ask(issued.access)) == (401, "authentication_failed")
    with pytest.raises(TokenEnded):
        family_refresh(refresh=refresh)
    family = TokenFamily.objects.get(pk=issued.family)
    assert (family.ended_reason, family.refresh_hash) == ("deactivated", None)
    assert not sessions.is_live(session.pk)
    assert not dead(other.access)
    assert not dead(start(person)[0].access)


def test_other_changes_of_a_user_end_nothing(person: User) -> None:
    issued, _ = start(person)
    with marked():
        User.objects.filter(pk=person.pk).update(last_name="Jones", is_active=True)
    assert not dead(issued.access)


def test_deactivating_somebody_in_the_back_office_ends_tokens_and_sessions_with_events(person: User) -> None:
    issued, _ = start(person)
    sign_in(Client(), person)
    people.user_change(user=person, fields={"is_active": False})
    assert events(issued)[-1] == (
        "access.token.ended",
        {"family": str(issued.family), "user": person.pk, "reason": "deactivated"},
    )
    ended = Event.objects.get(type="access.session.ended", subject_id=str(person.pk))
    assert json.loads(bytes(ended.body))["data"]["reason"] == "deactivated"


def test_a_new_password_ends_what_the_old_one_began(person: User, ask: Ask) -> None:
    issued, refresh = start(person)
    person.set_password(PASSWORD)  # even the same one again
    with marked():
        person.save(update_fields=["password"])
    assert code(ask(issued.access)) == (401, "authentication_failed")
    with pytest.raises(TokenEnded):
        family_refresh(refresh=refresh)
    assert not dead(start(person)[0].access)


def test_a_removed_permission_counts_from_the_next_request(person: User, ask: Ask) -> None:
    issued, _ = start(person)
    assert code(ask(issued.access)) == (200, None)
    with marked():
        person.user_permissions.clear()
    assert code(ask(issued.access)) == (403, "permission_denied")


def test_a_deleted_user_has_no_tokens(person: User, ask: Ask) -> None:
    issued, refresh = start(person)
    with marked():
        person.delete()
    assert code(ask(issued.access)) == (401, "authentication_failed")
    with pytest.raises(TokenEnded):
        family_refresh(refresh=refresh)


def test_all_sign_ins_of_a_user_end_at_once_and_nobody_elses(person: User) -> None:
    mine = [start(person)[0] for _ in range(3)]
    other, _ = start(make_user())
    with acting(Context(actor="root", method="session")):
        assert families_end(user=person, reason="by_administrator") == 3
    assert [dead(each.access) for each in (*mine, other)] == [True, True, True, False]
    assert events(mine[0])[-1][1]["reason"] == "by_administrator"
    assert families_end(user=person, reason="by_administrator") == 0
    assert len(events(mine[0])) == 2


def test_ending_joins_the_transaction_of_a_larger_command(person: User) -> None:
    issued, _ = start(person)

    def undone() -> None:
        with transaction.atomic():
            assert families_end(family=issued.family, reason="x") == 1
            raise RuntimeError("the larger command fails")

    with pytest.raises(RuntimeError):
        undone()
    assert not dead(issued.access)


def test_either_a_user_or_a_family_is_named(person: User) -> None:
    with pytest.raises(ValueError, match="either"):
        families_end(reason="x")
    with pytest.raises(ValueError, match="either"):
        families_end(user=person, family=uuid7(), reason="x")


def test_signing_out_by_a_used_refresh_token_works_too(person: User) -> None:
    issued, refresh = start(person)
    again(refresh)
    assert family_end(refresh=refresh, reason="signed_out")
    assert dead(issued.access)
    assert not family_end(refresh=refresh, reason="signed_out")


def test_sign_ins_are_forgotten_a_month_after_they_are_over(person: User) -> None:
    issued, _ = start(person)
    ends = TokenFamily.objects.get(pk=issued.family).expires_at
    with clock.frozen(ends + timedelta(days=30)):
        families_prune()
        assert TokenFamily.objects.filter(pk=issued.family).exists()
    with clock.frozen(ends + timedelta(days=30, seconds=1)):
        assert tasks.tokens_prune() >= 1
    assert not TokenFamily.objects.filter(pk=issued.family).exists()
    assert len(events(issued)) == 1


BROKEN: dict[str, dict[str, Any]] = {
    "tokenfamily_expires_later": {"expires_at": clock.now() - timedelta(days=1)},
    "tokenfamily_ended_for_a_reason": {"ended_at": clock.now()},
    "tokenfamily_refresh_is_a_hash": {"refresh_hash": b"a token in clear"},
}


@pytest.mark.parametrize(("name", "values"), BROKEN.items(), ids=BROKEN)
def test_the_database_keeps_families_whole(person: User, name: str, values: dict[str, Any]) -> None:
    issued, _ = start(person)
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        TokenFamily.objects.filter(pk=issued.family).update(**values)
    reason = {"ended_reason": "without a moment"}
    with pytest.raises(IntegrityError, match="tokenfamily_ended_for_a_reason"), transaction.atomic():
        TokenFamily.objects.filter(pk=issued.family).update(**reason)


def test_a_session_of_the_back_office_is_no_bearer(person: User) -> None:
    client = Client(headers={"Authorization": "Token abc"})
    assert code(client.get("/api/v1/events")) == (401, "not_authenticated")


def test_tokens_say_how_and_when_their_person_was_known_however_often_they_were_refreshed(person: User) -> None:
    issued, refresh = start(person)
    began = parts(issued.access)[1]
    with clock.frozen(clock.now() + timedelta(hours=2)):
        later, next_refresh = again(refresh)
    claims = [parts(token)[1] for token in (issued.access, refresh, later.access, next_refresh)]
    assert {each["auth_time"] for each in claims} == {began["iat"]}
    assert parts(later.access)[1]["iat"] == began["iat"] + 7_200
    assert {each["acr"] for each in claims} == {"urn:qenex:acr:two-factors"}
    assert [each["amr"] for each in claims] == [["pwd", "otp", "mfa"]] * 4
