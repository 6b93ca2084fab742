"""Which books a person reaches: how it is stored, asked and changed, and what the event log shows of others."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import AnonymousUser, User
from django.db import IntegrityError, connection, connections, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from qenex.access import scopes
from qenex.access.models import BookScope
from qenex.kernel import context, events, live, scope
from qenex.kernel.context import Context, acting
from qenex.kernel.models import Event
from tests.kernel.conftest import make_user
from tests.support.asgi import Page
from tests.support.ledger import make_book
from tests.support.people import sign_in


@pytest.fixture
def user(database: None) -> User:
    """Somebody who may look at events."""
    return make_user("kernel.view_event", is_staff=True)


@pytest.fixture
def books(database: None) -> tuple[UUID, UUID]:
    """Two books."""
    return make_book().pk, make_book().pk


@pytest.fixture
def acts(user: User) -> Iterator[Context]:
    """The user acts."""
    with acting(Context(actor_id=user.pk, actor=user.username, method="session")) as by:
        yield by


def _emit(book: UUID | None, subject: str) -> UUID:
    with transaction.atomic():
        return events.emit("test.noted", subject_type="scope", subject_id=subject, book_id=book)


def test_whoever_has_no_rows_reaches_every_book(user: User, books: tuple[UUID, UUID]) -> None:
    assert scopes.books_of(user) is None
    assert scopes.allows(user, books[0])


def test_rows_narrow_and_the_event_tells_before_and_after(user: User, books: tuple[UUID, UUID]) -> None:
    mine, other = books
    assert scopes.scope_set(user=user, books=[mine]) == frozenset({mine})
    assert (scopes.books_of(user), scopes.allows(user, mine), scopes.allows(user, other)) == (
        frozenset({mine}),
        True,
        False,
    )
    assert scopes.scope_set(user=user, books=[other, mine]) == frozenset(books)
    assert scopes.scope_set(user=user, books=None) is None
    found = Event.objects.filter(type="access.scope.changed", subject_id=user.pk).order_by("recorded_at", "id")
    changes = [json.loads(bytes(event.body))["changes"]["books"] for event in found]
    one, both = [str(mine)], sorted(map(str, books))
    assert [(each["before"], each["after"]) for each in changes] == [(None, one), (one, both), (both, None)]


def test_what_is_so_already_is_no_event(user: User, books: tuple[UUID, UUID]) -> None:
    scopes.scope_set(user=user, books=books)
    before = Event.objects.filter(subject_id=user.pk).count()
    scopes.scope_set(user=user, books=books)
    assert Event.objects.filter(subject_id=user.pk).count() == before


def test_a_book_that_is_not_there_and_no_book_at_all_are_refused(user: User, books: tuple[UUID, UUID]) -> None:
    scopes.scope_set(user=user, books=books[:1])
    with pytest.raises(scopes.NoSuchBook):
        scopes.scope_set(user=user, books=[books[1], uuid4()])
    with pytest.raises(ValueError, match="name at least one book"):
        scopes.scope_set(user=user, books=[])
    assert scopes.books_of(user) == frozenset({books[0]})


def test_the_database_keeps_a_book_once(user: User, books: tuple[UUID, UUID]) -> None:
    scopes.scope_set(user=user, books=books)
    with pytest.raises(IntegrityError):
        BookScope.objects.create(user=user, book_id=books[0])


def test_strangers_reach_nothing_and_the_system_everything(books: tuple[UUID, UUID]) -> None:
    assert scopes.books_of(AnonymousUser()) == frozenset()
    with acting(Context(actor="anonymous", method=context.ANONYMOUS)):
        assert (scope.books(), scope.allows(books[0])) == (frozenset(), False)
    with acting(Context(actor="holds_expire", method="task")):
        assert (scope.books(), scope.allows(books[0]), scope.allows(None)) == (None, True, True)


def test_a_request_asks_once_and_the_next_one_sees_the_change(
    user: User, books: tuple[UUID, UUID], acts: Context
) -> None:
    with CaptureQueriesContext(connection) as captured, context.because("a reason changes nothing about it"):
        assert [scope.books() for _ in range(3)] == [None] * 3
        assert scopes.allows(user, books[0])
    assert len(captured.captured_queries) == 1
    scopes.scope_set(user=user, books=books[:1])
    with acting(Context(actor_id=user.pk, actor=user.username, method="session")):
        assert (scope.allows(books[0]), scope.allows(books[1]), scope.allows(None)) == (True, False, False)


def test_a_program_is_narrowed_further_and_never_widened(user: User, books: tuple[UUID, UUID], acts: Context) -> None:
    mine, other = books
    scope.restrict(frozenset(books))
    assert scope.books() == frozenset(books)
    scope.restrict(frozenset({mine}))
    assert scope.books() == frozenset({mine})
    scope.restrict(frozenset({mine, other}))
    assert scope.books() == frozenset({mine})
    with acting(context.SYSTEM), pytest.raises(RuntimeError, match="nobody is acting"):
        scope.restrict(frozenset())


def test_the_event_api_shows_events_of_ones_books_only(user: User, books: tuple[UUID, UUID], client: Client) -> None:
    mine, other = books
    subject = uuid4().hex
    shown, hidden, of_none = _emit(mine, subject), _emit(other, subject), _emit(None, subject)
    sign_in(client, user)

    def listed(**query: Any) -> set[str]:
        answer = client.get("/api/v1/events", {"subject": subject, **query})
        return {each["id"] for each in answer.json()["results"]}

    assert listed() == {str(shown), str(hidden), str(of_none)}
    scopes.scope_set(user=user, books=[mine])
    assert listed() == {str(shown)}
    assert listed(book=other) == set()
    assert client.get(f"/api/v1/events/{shown}").status_code == 200
    assert {client.get(f"/api/v1/events/{id}").status_code for id in (hidden, of_none, uuid4())} == {404}
    assert client.get(f"/admin/kernel/event/{shown}/change/").status_code == 200
    listing = client.get("/admin/kernel/event/", {"subject_id": subject}).content.decode()
    assert (str(shown) in listing, str(hidden) in listing, str(of_none) in listing) == (True, False, False)
    gone = client.get(f"/admin/kernel/event/{hidden}/change/")
    assert (gone.status_code, gone.headers["Location"]) == (302, "/admin/")


def test_live_pages_hear_of_ones_books_only_and_of_a_change_at_once(
    user: User, books: tuple[UUID, UUID], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    monkeypatch.setattr(live, "POLL_SECONDS", 0.05)
    mine, other = books
    subject = uuid4().hex
    scopes.scope_set(user=user, books=[mine])
    first, hidden = _emit(mine, subject), _emit(other, subject)

    async def scene() -> None:
        page = await _open(user, f"after={first}")
        await sync_to_async(_emit)(other, subject)
        second = await sync_to_async(_emit)(mine, subject)
        assert await _next(page, subject) == str(second)
        await sync_to_async(scopes.scope_set)(user=user, books=[other])
        await sync_to_async(_emit)(mine, subject)
        third = await sync_to_async(_emit)(other, subject)
        assert await _next(page, subject) == str(third)
        await _leave(page)
        unreachable = await _open(user, f"after={first}")
        assert await unreachable.receive_output(5) == {"type": "websocket.close", "code": live.UNKNOWN_EVENT}
        await _leave(unreachable)
        await _leave(await _open(user, f"after={hidden}"))

    asyncio.run(scene())


async def _open(user: User, query: str) -> Any:
    about = {"type": "websocket", "path": "/ws/events", "headers": []}
    page = Page(live.EventsConsumer.as_asgi(), {**about, "query_string": query.encode(), "user": user})
    await page.send_input({"type": "websocket.connect"})
    assert (await page.receive_output(5))["type"] == "websocket.accept"
    return page


async def _leave(page: Any) -> None:
    await page.send_input({"type": "websocket.disconnect", "code": 1000})
    await page.wait(5)
    await sync_to_async(connections.close_all)()


async def _next(page: Any, subject: str) -> str:
    """The id of the next message about the subject."""
    while True:
        message = json.loads((await page.receive_output(20))["text"])
        if message["subject"]["id"] == subject:
            found: str = message["id"]
            return found
