"""The browser of events, and the lists of large tables that it stands for."""

import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from django.contrib import admin
from django.db import connections, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from qenex.admin import Site
from qenex.kernel import canonical, clock, context, events
from qenex.kernel.context import Context, Principal
from qenex.kernel.ids import uuid7
from qenex.kernel.models import Event
from tests.kernel.conftest import make_user
from tests.support.people import staff_client

URL = "/admin/kernel/event/"


@pytest.fixture
def staff(database: None) -> Client:
    """A member of the staff who may view events and nothing else."""
    return staff_client(make_user("kernel.view_event", is_staff=True))


def _write(subject: str, count: int, **fields: Any) -> list[UUID]:
    with transaction.atomic():
        return [events.emit("test.noted", subject_type="admin", subject_id=subject, **fields) for _ in range(count)]


def _shown(page: str) -> list[UUID]:
    return [UUID(each) for each in re.findall(rf"{URL}([0-9a-f-]{{36}})/change/", page)]


def _link(page: str, rel: str) -> str | None:
    found = re.search(rf'<a href="([^"]+)" rel="{rel}">', page)
    return found and found[1].replace("&amp;", "&")


def test_there_is_one_site() -> None:
    assert isinstance(admin.site, Site)


def test_pages_lead_to_the_older_and_back(staff: Client) -> None:
    subject = str(uuid7())
    written = _write(subject, 250)[::-1]
    url = f"{URL}?subject_id={subject}"
    first = staff.get(url).text
    assert (_shown(first), _link(first, "prev")) == (written[:100], None)
    older = _link(first, "next")
    assert older is not None
    assert parse_qs(urlsplit(older).query)["subject_id"] == [subject]
    second = staff.get(URL + older).text
    assert _shown(second) == written[100:200]
    third = staff.get(f"{URL}{_link(second, 'next')}").text
    assert (_shown(third), _link(third, "next")) == (written[200:], None)
    assert _shown(staff.get(f"{URL}{_link(third, 'prev')}").text) == written[100:200]


def test_a_list_counts_nothing_and_reads_events_once(staff: Client) -> None:
    subject = str(uuid7())
    _write(subject, 3)
    staff.get(URL)  # the types of events are remembered for a while, whoever asked for them
    with CaptureQueriesContext(connections["reader"]) as read, CaptureQueriesContext(connections["default"]) as other:
        assert len(_shown(staff.get(f"{URL}?subject_id={subject}").text)) == 3
    # An end to patience around the events, their places in the tree, the books, keys of one's own, alarms.
    assert "COUNT(" not in " ".join(query["sql"] for query in read)
    assert sum('FROM "kernel_event"' in query["sql"] for query in read) == 1
    assert len(read) <= 8
    # The session, its user, what is known of the session, the permissions of the user and of their groups, and the
    # books in reach; then the event that it was read, in a transaction of its own.
    queries = [query["sql"] for query in other]
    assert [each.split()[0] for each in queries[6:]] == ["BEGIN", "INSERT", "COMMIT"]
    assert {each.split()[0] for each in queries[:6]} == {"SELECT"}


def test_a_filter_forgets_the_page_and_the_next_page_keeps_the_filters(staff: Client) -> None:
    subject = str(uuid7())
    _write(subject, 101)
    older = _link(staff.get(f"{URL}?subject_id={subject}&type=test.noted").text, "next")
    assert older is not None
    assert parse_qs(urlsplit(older).query)["type"] == ["test.noted"]
    page = staff.get(URL + older).text
    [form] = re.findall(r'<form method="get"(.*?)</form>', page, re.DOTALL)
    assert "cursor" not in form
    assert f'value="{subject}"' in form


@pytest.mark.parametrize("cursor", ["garbage", "WzAsIngiXQ", "WzAsIngiLCJ5Il0"])
def test_a_bad_cursor_leads_back_to_the_list(staff: Client, cursor: str) -> None:
    response = staff.get(f"{URL}?cursor={cursor}")
    assert (response.status_code, response["Location"]) == (302, f"{URL}?e=1")


def test_events_are_filtered(staff: Client) -> None:
    subject, book, actor = str(uuid7()), uuid7(), f"anna-{uuid7()}"
    with clock.frozen(datetime(2031, 2, 3, 23, 59, 59, tzinfo=UTC)), context.acting(Context(actor=actor)):
        (event,) = _write(subject, 1, book_id=book)
    other = _write(subject, 1)[0]

    def found(query: str) -> list[UUID]:
        return _shown(staff.get(f"{URL}?subject_id={subject}&{query}").text)

    assert found("type=test.noted") == [event, other]
    assert found(f"actor={actor}") == [event]
    assert found("since=2031-02-03T00:00&until=2031-02-04") == [event]
    assert found("since=2031-02-04") == found("book=nonsense") == found("until=x") == []
    assert found("until=2031-02-02") == [other]
    assert found("until=9999-12-31&order=oldest") == [other, event]
    assert found("subject_type=admin") == [other, event]
    assert found("request_id=nothing-of-the-sort") == []


def test_an_event_is_shown_with_its_differences(staff: Client) -> None:
    changes = {"name": ("<b>old</b>", "new"), "floor": ("0", None)}
    by = Context(7, "anna", "192.0.2.1", "session", "r-1", "typing error")
    with context.acting(by):
        (event,) = _write(str(uuid7()), 1, changes=changes, data={"n": [1, "ä"]})
    with CaptureQueriesContext(connections["reader"]) as read:
        page = staff.get(f"{URL}{event}/change/").text
    assert len(read) <= 5  # with its leaf, the checkpoint, open alarms, and keys of one's own
    rows = re.findall(r"<tr><th scope=\"row\">(.*?)</th><td><del>(.*?)</del></td><td><ins>(.*?)</ins></td></tr>", page)
    assert rows == [("floor", "0", "null"), ("name", "&lt;b&gt;old&lt;/b&gt;", "new")]
    assert "192.0.2.1" not in page
    for text in ("anna", "sealed", "session", "r-1", "typing error", "&quot;ä&quot;"):
        assert text in page


def test_events_are_view_only(staff: Client) -> None:
    root = staff_client(make_user(is_staff=True, is_superuser=True))
    (event,) = _write(str(uuid7()), 1)
    assert root.get(f"{URL}{event}/change/").status_code == 200
    assert root.post(f"{URL}{event}/change/", {"type": "x"}).status_code == 403
    assert root.get(f"{URL}{event}/delete/").status_code == 403
    assert root.get(f"{URL}add/").status_code == 403
    assert Event.objects.get(id=event).type == "test.noted"


def test_who_may_not_view_events_sees_none(database: None) -> None:
    client = staff_client(make_user("kernel.view_cursor", is_staff=True))
    assert client.get(URL).status_code == 403


@pytest.mark.parametrize("path", ["", "{event}/change/"])
def test_pages_hold_no_inline_scripts_or_styles(staff: Client, path: str) -> None:
    (event,) = _write(str(uuid7()), 1, changes={"a": (1, 2)})
    page = staff.get(URL + path.format(event=event)).text
    scripts = re.findall(r"<script[^>]*>", page)
    assert all("src=" in script or 'type="application/json"' in script for script in scripts), scripts
    assert "<style" not in page
    assert not re.search(r"\son\w+=|\sstyle=|javascript:", page)


def test_the_start_page_is_the_admin() -> None:
    response = Client().get("/")
    assert (response.status_code, response["Location"]) == (302, "/admin/")


def test_an_event_says_for_whom_and_by_what_the_actor_was_known(staff: Client) -> None:
    by = Context(3, "bea", None, "approval", on_behalf_of=Principal(4, "ann"), key_id="session-9")
    with context.acting(by):
        [written] = _write(str(uuid7()), 1)
    page = staff.get(f"{URL}{written}/change/").text
    assert [f'readonly">{each}</div>' in page for each in ("bea", "ann", "session-9")] == [True, True, True]


def test_an_event_from_before_these_were_recorded_is_shown_as_it_is(staff: Client) -> None:
    actor = {"id": 3, "name": "bea", "address": None, "method": "session"}
    id, now = uuid7(), clock.now()
    about = {"subject": {"type": "admin", "id": str(id)}, "book": None, "reason": "", "request_id": None}
    kind = {"id": id, "recorded_at": now, "type": "test.noted", "version": 1}
    body = canonical.encode({**kind, **about, "actor": actor, "data": {}, "changes": {}})
    Event.objects.create(**kind, subject_type="admin", subject_id=str(id), actor_id=3, actor="bea", body=body)
    page = staff.get(f"{URL}{id}/change/")
    assert page.status_code == 200
    assert ">None</div>" not in page.text  # neither for whom, nor by what, nor from where, nor why
    assert page.text.count('readonly">-</div>') == 5
    assert staff.get(f"/api/v1/events/{id}").json()["actor"] == actor
