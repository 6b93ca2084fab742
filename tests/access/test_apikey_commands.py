"""The commands for keys: what they print, and one line for whatever is wrong."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from qenex.access.apikeys import callers
from qenex.access.apikeys.services import CREATE
from qenex.access.models import ApiKey
from qenex.kernel.models import Event
from tests.kernel.conftest import make_user
from tests.support.approvals import policy
from tests.support.ledger import make_shop
from tests.support.signing import make_program

pytestmark = pytest.mark.usefixtures("database")


def _run(*words: str) -> tuple[str, str]:
    """What a command says, and what it says besides."""
    out, error = StringIO(), StringIO()
    call_command(*words, stdout=out, stderr=error)
    return out.getvalue(), error.getvalue()


def _secrets(key_id: str) -> tuple[str, ...]:
    found = callers.find(key_id)
    assert found is not None
    return tuple(each.hex() for each in found.secrets)


def test_a_key_is_made_and_its_secret_is_printed_once() -> None:
    owner, shop = make_user(), make_shop(1)
    words = ["--owner", owner.username, "--name", "Payroll", "--scope", "read", "transfers", "--days", "30"]
    out, _ = _run("apikey_create", *words, "--book", shop.book.code, "--cidr", "10.0.0.0/8", "::1/128", "--json")
    made: dict[str, Any] = json.loads(out)
    key = ApiKey.objects.get(key_id=made["key_id"])
    assert (key.owner, key.name, key.scopes, key.books) == (owner, "Payroll", ["read", "transfers"], [shop.book.pk])
    assert key.cidrs == ["10.0.0.0/8", "::1/128"]
    assert key.expires_at is not None
    assert (key.expires_at - key.created_at).days in (29, 30)
    assert _secrets(key.key_id) == (made["secret"],)
    event = json.loads(bytes(Event.objects.get(subject_id=str(key.pk)).body))
    assert (event["actor"]["name"], event["actor"]["method"]) == ("apikey_create", "command")
    assert event["actor"]["on_behalf_of"] == {"id": owner.pk, "name": owner.username}


def test_for_people_it_is_two_lines() -> None:
    out, error = _run("apikey_create", "--owner", make_user().username, "--name", "n", "--scope", "read")
    key_id, secret = (line.split(": ")[1] for line in out.splitlines())
    assert _secrets(key_id) == (secret,)
    assert "shown this once" in error


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"--owner": "nobody"}, "There is no active user nobody."),
        ({"--scope": "all"}, "There is no scope all."),
        ({"--book": "no-such"}, "There is no book no-such."),
        ({"--cidr": "10.0.0.1/8"}, "10.0.0.1/8 has host bits set."),
        ({"--days": "0"}, "A key lives for 1 to 3650 days."),
        ({"--name": " "}, "A name has 1 to 100 visible characters."),
    ],
)
def test_what_is_wrong_is_one_line_and_makes_no_key(words: dict[str, str], message: str) -> None:
    owner = make_user()
    given = {"--owner": owner.username, "--name": "n", "--scope": "read", **words}
    with pytest.raises(CommandError) as caught:
        _run("apikey_create", *(word for pair in given.items() for word in pair))
    assert str(caught.value) == message
    assert not ApiKey.objects.filter(owner=owner).exists()


def test_what_takes_two_people_is_not_made_by_one_with_a_shell() -> None:
    owner = make_user()
    with policy(CREATE), pytest.raises(CommandError, match="second person"):
        _run("apikey_create", "--owner", owner.username, "--name", "n", "--scope", "transfers")
    assert not ApiKey.objects.filter(owner=owner).exists()


def test_a_key_is_rotated_then_its_older_secret_retired_then_revoked() -> None:
    program = make_program(make_user(), "read")
    key_id = program.key.key_id
    new = json.loads(_run("apikey_rotate", key_id, "--json")[0])["secret"]
    assert _secrets(key_id) == (new, program.secret.hex())
    with pytest.raises(CommandError, match="two secrets"):
        _run("apikey_rotate", key_id)
    _run("apikey_rotate", key_id, "--retire")
    assert _secrets(key_id) == (new,)
    with pytest.raises(CommandError, match="no second secret"):
        _run("apikey_rotate", key_id, "--retire")
    assert _run("apikey_revoke", key_id, "--reason", "lost")[0] == "The key is revoked.\n"
    assert callers.find(key_id) is None
    with pytest.raises(CommandError, match="The key is revoked"):
        _run("apikey_rotate", key_id)


@pytest.mark.parametrize("command", ["apikey_rotate", "apikey_revoke"])
def test_a_key_that_is_not_there_is_one_line(command: str) -> None:
    with pytest.raises(CommandError, match="There is no key qk_nobody"):
        _run(command, "qk_nobody")
