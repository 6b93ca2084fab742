"""Pages by key: every row once, forwards and backwards, in one query each."""

import base64
import json
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from qenex.kernel import events
from qenex.kernel.ids import uuid7
from qenex.kernel.keyset import Cursor, CursorInvalid, Keyset, Page
from qenex.kernel.models import Event


def _write(subject: str, count: int) -> list[UUID]:
    with transaction.atomic():
        return [events.emit(f"test.kind{n % 3}", subject_type="keyset", subject_id=subject) for n in range(count)]


def _walk(keyset: Keyset, subject: str, limit: int, page: Page[Event] | None = None) -> list[Page[Event]]:
    rows = Event.objects.filter(subject_id=subject)
    pages = [page or keyset.page(rows, None, limit)]
    while pages[-1].next:
        pages.append(keyset.page(rows, pages[-1].next, limit))
    return pages


@pytest.mark.parametrize(
    "ordering", [("id",), ("-id",), ("type", "id"), ("-type", "-id"), ("type", "subject_id", "id")]
)
@pytest.mark.parametrize("limit", [1, 3, 4, 10, 11])
def test_walking_shows_every_row_once_and_back_again(database: None, ordering: tuple[str, ...], limit: int) -> None:
    subject = str(uuid7())
    _write(subject, 10)
    expected = list(Event.objects.filter(subject_id=subject).order_by(*ordering))
    keyset = Keyset(ordering)
    pages = _walk(keyset, subject, limit)
    assert [event for page in pages for event in page.items] == expected
    assert [len(page.items) for page in pages[:-1]] == [limit] * (len(pages) - 1)
    back = pages[-1]
    for page in reversed(pages[:-1]):
        back = keyset.page(Event.objects.filter(subject_id=subject), back.previous, limit)
        assert back.items == page.items
        assert back.next == page.next
    assert back.previous is None


def test_rows_written_meanwhile_shift_nothing(database: None) -> None:
    subject = str(uuid7())
    first = _write(subject, 6)
    keyset = Keyset(("-id",))
    page = keyset.page(Event.objects.filter(subject_id=subject), None, 3)
    new = _write(subject, 2)
    following = keyset.page(Event.objects.filter(subject_id=subject), page.next, 3)
    assert [event.id for event in following.items] == first[2::-1]
    assert following.previous is not None
    newest = keyset.page(Event.objects.filter(subject_id=subject), Cursor((str(first[-1]),), backward=True), 3)
    assert [event.id for event in newest.items] == new[::-1]


def test_nothing_has_no_neighbours(database: None) -> None:
    assert Keyset(("-id",)).page(Event.objects.filter(subject_id=str(uuid7())), None, 3) == Page([], None, None)


def test_a_keyset_has_one_direction() -> None:
    with pytest.raises(ValueError, match="same direction"):
        Keyset(("-type", "id"))


@given(st.lists(st.text(st.characters(codec="utf-8")).filter(str.isprintable), min_size=1, max_size=3), st.booleans())
def test_a_cursor_survives_its_journey(values: list[str], backward: bool) -> None:
    cursor = Cursor(tuple(values), backward)
    assert Cursor.decode(cursor.encode()) == cursor


def _encoded(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


GARBAGE = ["", "!", "ä", "AAAA", "W10", "e30", _encoded([0]), _encoded([2, "x"]), _encoded([0, 5]), _encoded([0, "\0"])]
GARBAGE += [_encoded([0, "\ud800"]), _encoded([[], "x"]), "W" * 10_000, _encoded("[[" * 2000)]


@pytest.mark.parametrize("text", GARBAGE, ids=range(len(GARBAGE)))
def test_garbage_is_no_cursor(text: str) -> None:
    with pytest.raises(CursorInvalid):
        Cursor.decode(text)


@given(st.text(max_size=60))
def test_no_text_breaks_the_decoder(text: str) -> None:
    try:
        Cursor.decode(text)
    except CursorInvalid as error:
        assert str(error) == "the cursor cannot be read"  # noqa: PT017  # any other exception fails the test


@pytest.mark.parametrize("values", [("x",), ("x", "y"), (str(uuid7()), "y")])
def test_a_cursor_of_another_list_is_refused(database: None, values: tuple[str, ...]) -> None:
    with pytest.raises(CursorInvalid):
        Keyset(("-id",)).page(Event.objects.all(), Cursor(values), 3)


def _list(api: Client, subject: str, **query: Any) -> Any:
    return api.get("/api/v1/events", {"subject": subject, **query})


def test_the_api_links_its_pages(api: Client) -> None:
    subject = str(uuid7())
    written = [str(each) for each in _write(subject, 5)]
    first = _list(api, subject, limit=2).json()
    assert [each["id"] for each in first["results"]] == written[:2:-1]
    assert list(first) == ["results", "next", "previous"]
    assert first["previous"] is None
    assert first["next"].startswith("http://testserver/api/v1/events?cursor=")
    second = api.get(first["next"]).json()
    assert [each["id"] for each in second["results"]] == written[2:0:-1]
    third = api.get(second["next"]).json()
    assert ([each["id"] for each in third["results"]], third["next"]) == ([written[0]], None)
    assert api.get(second["previous"]).json() == first


@pytest.mark.parametrize("cursor", ["garbage", _encoded([0, "x"]), ""])
def test_a_bad_cursor_is_a_problem(api: Client, cursor: str) -> None:
    response = _list(api, "x", cursor=cursor)
    assert (response.status_code, response.json()["code"]) == (400, "cursor_invalid")


@pytest.mark.parametrize("limit", ["0", "-1", "x", "", "1.5", "²"])
def test_a_bad_limit_is_a_problem(api: Client, limit: str) -> None:
    response = _list(api, "x", limit=limit)
    detail = "Must be a whole number greater than zero."
    assert (response.status_code, response.json()["code"]) == (400, "invalid")
    assert response.json()["errors"] == [{"parameter": "limit", "code": "invalid", "detail": detail}]


def test_a_page_has_at_most_a_thousand_rows(api: Client) -> None:
    subject = str(uuid7())
    _write(subject, 1001)
    assert len(_list(api, subject, limit=999_999).json()["results"]) == 1000
    assert len(_list(api, subject).json()["results"]) == 100


def test_a_misspelt_parameter_does_not_answer_everything(api: Client, auditor: User) -> None:
    response = _list(api, "x", subjct="y")
    assert response.json()["errors"] == [
        {"parameter": "subjct", "code": "unknown_parameter", "detail": "There is no such parameter."}
    ]
