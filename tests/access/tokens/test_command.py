"""`manage.py access_token`."""

import json
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from qenex.access.models import TokenFamily
from qenex.access.tokens import bearer
from qenex.kernel.models import Event
from tests.access.tokens.conftest import Ask, code
from tests.support.forgery import parts
from tests.support.marked import marked


def run(*arguments: Any) -> str:
    """What it prints."""
    out = StringIO()
    call_command("access_token", *arguments, stdout=out)
    return out.getvalue()


def test_it_prints_a_token_and_nothing_else(person: User, ask: Ask) -> None:
    printed = run(person.username)
    assert printed.count("\n") == 1
    token = printed.strip()
    assert code(ask(token)) == (200, None)
    claims = parts(token)[1]
    assert claims["exp"] - claims["iat"] == 15 * 60


def test_an_event_says_so(person: User) -> None:
    token = run(person.username).strip()
    event = Event.objects.filter(type="access.token.issued", subject_id=person.pk).get()
    body = json.loads(bytes(event.body))
    who = {"id": None, "name": "access_token", "address": None, "method": "command", "key_id": None}
    assert body["actor"] == {**who, "on_behalf_of": {"id": person.pk, "name": person.username}}
    assert body["request_id"]
    assert (body["data"]["method"], body["data"]["family"]) == ("command", str(bearer(token).claims.family))


def test_it_may_live_longer_but_not_for_ever(person: User) -> None:
    claims = parts(run(person.username, "--minutes", "480").strip())[1]
    assert claims["exp"] - claims["iat"] == 480 * 60
    assert (claims["acr"], claims["amr"]) == ("urn:qenex:acr:operator", [])
    family = TokenFamily.objects.get(pk=claims["sid"])
    assert (family.refresh_hash, int(family.expires_at.timestamp())) == (None, claims["exp"])
    for minutes in ("481", "0", "-1"):
        with pytest.raises(CommandError, match="1 to 480 minutes"):
            run(person.username, "--minutes", minutes)
    assert TokenFamily.objects.filter(user=person).count() == 1


def test_only_active_users_have_tokens(person: User) -> None:
    with pytest.raises(CommandError, match="no active user nobody-at-all"):
        run("nobody-at-all")
    with marked():
        User.objects.filter(pk=person.pk).update(is_active=False)
    with pytest.raises(CommandError, match="no active user"):
        run(person.username)
    assert TokenFamily.objects.filter(user=person).count() == 0
