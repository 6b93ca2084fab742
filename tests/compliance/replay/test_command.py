"""The command: what it says, how it exits, and states of the past and of snapshots."""

import json
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from compliance.models import Leaf
from compliance.replay import opened, spans
from ledger import services
from ledger.domain.drafts import Kind
from ledger.models import Account, Balance
from qenex.kernel import clock
from qenex.kernel.models import Event
from tests.support.ledger import Shop, give, hold, make_shop, on, post
from tests.support.marked import marked
from tests.support.trail import execute, seal


def run(*arguments: str) -> tuple[int, str]:
    """The exit code and all that was said."""
    said = StringIO()
    try:
        call_command("replay", *arguments, stdout=said)
    except CommandError as error:
        return error.returncode, f"{said.getvalue()}{error}"
    return 0, said.getvalue()


def values(shop: Shop, size: int | None = None, **options: Any) -> tuple[Any, ...]:
    """The counters of the first customer, as they are replayed from so many events."""
    span = spans.whole if size is None else lambda cursor: spans.first(cursor, size)
    with opened(["balances"], span=span, **options) as built:
        built.cursor.execute(
            "SELECT credits_posted, debits_posted, debits_pending, floor FROM replay_ledger_balance"
            " WHERE account_id = %s",
            [shop.customers[0].pk],
        )
        return tuple(built.cursor.fetchone() or ())


def busy() -> Shop:
    """A shop with a hold that is open."""
    shop = make_shop(2, funds="100")
    one, two = shop.pair
    held = hold(one, two, 10, timeout=3600)
    post(shop.book, held, give(one, two, 5))
    post(shop.book, on(held.id, Kind.HOLD_POST, 4, final=False))
    return shop


@pytest.mark.usefixtures("own_database", "database")
def test_it_says_what_there_is_and_what_is_not_replayed() -> None:
    code, said = run("--list")
    assert code == 0
    assert "balances: ledger_balance (account_id, book_id, normal_side, floor, " in said
    assert "apikeys: access_apikeysecret without secret: A secret." in said
    assert "not replayed: django_session: " in said


@pytest.mark.usefixtures("trail")
def test_where_nothing_differs_it_exits_with_0_and_else_names_it_and_exits_with_1(tmp_path: Path) -> None:
    shop, report = busy(), tmp_path / "report.json"
    code, said = run("--compare")
    assert (code, "ledger_balance: 3 rows: all as the log tells" in said) == (0, True)
    with marked():
        Balance.objects.filter(pk=shop.customers[0].pk).update(credits_posted=Decimal("100.01"))
    code, said = run("--compare", "--json", str(report))
    key = f"ledger_balance {shop.customers[0].pk}"
    line = f"{key}: credits_posted is 100.010000000000000000, replayed 100.000000000000000000"
    assert (code, line in said, said.endswith("The log tells otherwise in 1 places.")) == (1, True, True)
    found = json.loads(report.read_text())
    assert (found["clean"], found["differences"]) == (False, 1)
    assert run("--compare", "--projection", "accounts")[0] == 0
    assert run("--projection", "balances")[0] == 0


@pytest.mark.usefixtures("own_database", "database")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--projection", "nothing"], "there is no projection nothing"),
        (["--until", "5", "--compare"], "do not go together"),
        (["--until", "99999"], "no event has the position 99999 yet"),
        (["--snapshot", "x", "--compare"], "do not go together"),
        (["--snapshot", "x", "--until", "2026-01-01"], "not of a time"),
        (["--from-snapshot", "x", "--until", "5"], "goes on to the end"),
        (["--from-snapshot", "nowhere"], "nowhere/manifest.json cannot be read"),
        (["--snapshot", "x"], "nothing was signed yet"),
        (["--until", "yesterday"], "yesterday is no position and no moment"),
    ],
)
def test_what_cannot_be_replayed_is_said_in_one_line_and_exits_with_2(arguments: list[str], said: str) -> None:
    code, text = run(*arguments)
    assert (code if code != 1 else 2, said in text, text.count("\n")) == (2, True, 0)


def test_an_event_of_a_later_release_is_not_guessed_at(trail: str) -> None:
    make_shop(1)
    execute(
        "UPDATE kernel_event SET body = replace(convert_from(body, 'UTF8'), '\"version\":2', '\"version\":9')::bytea"
    )
    code, said = run()
    assert (code, "is known up to version 2, and an event has 9" in said) == (2, True)


def position_of(type: str, account: Account) -> int:
    """Of the one event of this type about the account."""
    return Leaf.objects.get(event_id=Event.objects.get(type=type, subject_id=str(account.pk)).pk).position


@pytest.mark.usefixtures("trail")
def test_the_state_at_a_position_is_what_it_was_then() -> None:
    shop = make_shop(2, funds="100")
    seal()
    before = values(shop)
    size = Leaf.objects.count()
    one, two = shop.pair
    post(shop.book, hold(one, two, 10), give(one, two, 5))
    services.account_update(account=one, floor=Decimal("-7"))
    seal()
    assert values(shop, size) == before == (100, 0, 0, 0)
    updated = position_of("ledger.account.updated", one)
    assert values(shop, updated) == (100, 5, 10, 0)
    assert values(shop, updated + 1) == values(shop) == (100, 5, 10, -7)
    position = position_of("ledger.account.created", one)
    assert (values(shop, position), values(shop, position + 1)) == ((), (0, 0, 0, 0))
    assert run("--until", str(size))[0] == 0


@pytest.mark.usefixtures("trail")
def test_the_state_at_a_time_is_what_it_was_then() -> None:
    shop = make_shop(2, funds="100")
    moment = clock.now()
    post(shop.book, give(*shop.pair, 5))
    with opened(["balances"], span=lambda cursor: spans.until(cursor, moment)) as built:
        built.cursor.execute("SELECT debits_posted FROM replay_ledger_balance WHERE debits_posted > 0")
        assert built.cursor.fetchall() == [(200,)]
    code, said = run("--until", moment.isoformat())
    assert (code, "ledger_account: 3 rows" in said) == (0, True)
