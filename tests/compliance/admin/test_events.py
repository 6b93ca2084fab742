"""The browser of events: the line of time, one object's story, and the proof of an event."""

import html
import re

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import transaction
from django.test import Client
from django.test.utils import override_settings

from compliance.models import Checkpoint, Leaf
from compliance.selectors import eventtypes
from compliance.trail import note
from qenex.kernel import events
from qenex.kernel.ids import uuid7
from tests.support import trail as trails
from tests.support.people import make_user, staff_client

URL = "/admin/kernel/event/"


@pytest.fixture
def officer(trail: str) -> Client:
    """The browser of a superuser on a trail of the test's own."""
    return staff_client(make_user(superuser=True))


def _tell(subject: str, **fields: object) -> str:
    with transaction.atomic():
        made = events.emit("test.thing.changed", subject_type="thing", subject_id=subject, **fields)  # type: ignore[arg-type]  # whatever the test says
    return str(made)


def test_a_receipt_that_cannot_be_proven_yet_is_not_given(officer: Client) -> None:
    event = _tell("one")
    answer = officer.get(f"{URL}{event}/receipt/", follow=True)
    assert answer.redirect_chain == [(f"{URL}{event}/change/", 302)]
    assert "No signed checkpoint covers it yet" in answer.text
    assert "Waiting to be sealed" in answer.text


def test_a_sealed_event_names_its_place_and_gives_its_receipt(officer: Client) -> None:
    event = _tell("one", changes={"name": ("old", "new")})
    trails.seal()
    leaf = Leaf.objects.get(event_id=event)
    checkpoint = Checkpoint.objects.filter(size__gt=leaf.position).order_by("size")[0]
    page = officer.get(f"{URL}{event}/change/").text
    assert f"Sealed at position {leaf.position} under checkpoint {checkpoint.size}" in page
    assert bytes(leaf.hash).hex() in page
    assert "were changed afterwards" not in page
    receipt = officer.get(f"{URL}{event}/receipt/")
    assert receipt["Content-Disposition"] == f'attachment; filename="event-{event}.receipt"'
    assert receipt.text.startswith("qenex/receipt@v1\n")
    line = officer.get(f"{URL}?subject_type=thing&subject_id=one").text
    assert f"sealed at {leaf.position}" in line


def test_an_event_that_was_changed_after_it_was_sealed_says_so(officer: Client) -> None:
    event = _tell("one")
    trails.seal()
    trails.execute("UPDATE kernel_event SET body = replace(body::text, 'x', 'x')::bytea || ' ' WHERE id = %s", event)
    assert "the event was changed afterwards" in officer.get(f"{URL}{event}/change/").text


def test_an_objects_story_begins_at_its_beginning(officer: Client) -> None:
    subject = uuid7().hex
    written = [_tell(subject, changes={"n": (n, n + 1)}) for n in range(3)]
    page = officer.get(f"{URL}?subject_type=thing&subject_id={subject}").text
    assert re.findall(rf"{URL}([0-9a-f-]{{36}})/change/", page) == written
    assert re.findall(r"<del>(\d)</del>.*?<ins>(\d)</ins>", page) == [("0", "1"), ("1", "2"), ("2", "3")]
    newest = officer.get(f"{URL}?subject_type=thing&subject_id={subject}&order=newest").text
    assert re.findall(rf"{URL}([0-9a-f-]{{36}})/change/", newest) == written[::-1]
    assert "kind-changed" in page


def test_types_are_suggested_and_found_by_their_beginning(officer: Client) -> None:
    eventtypes._known = None
    _tell("one")
    page = officer.get(f"{URL}?type=test.thing.*").text
    assert '<option value="test.thing.changed">' in page
    assert len(re.findall(rf"{URL}[0-9a-f-]{{36}}/change/", page)) == 1
    assert "Nothing matches these filters." in officer.get(f"{URL}?type=test.nothing.*").text
    eventtypes._known = None


@pytest.mark.parametrize("query", ["since=yesterday", "book=nowhere", "order=sideways"])
def test_a_form_that_is_not_valid_shows_nothing(officer: Client, query: str) -> None:
    _tell("one")
    page = officer.get(f"{URL}?{query}").text
    assert "Mend what is marked above." in page
    assert re.findall(rf"{URL}([0-9a-f-]{{36}})/change/", page) == []


def test_checkpoints_are_listed_with_keys_and_given_as_files(officer: Client) -> None:
    _tell("one")
    trails.seal()
    checkpoint = Checkpoint.objects.latest("size")
    page = officer.get("/admin/compliance/checkpoint/").text
    assert "up to date" in page
    assert f"/admin/compliance/checkpoint/{checkpoint.size}/change/" in page
    assert "No witness has signed a checkpoint lately" in page
    [key] = re.findall(r'<code id="vkey-1">(.*?)</code>', page)
    public = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    witness = note.vkey("example.org/witness", public, note.COSIGNATURE)
    with override_settings(WITNESSES=[f"{witness}=http://127.0.0.1:1"]):
        assert (
            f'<code id="witness-1">{html.escape(witness)}</code>' in officer.get("/admin/compliance/checkpoint/").text
        )
    one = officer.get(f"/admin/compliance/checkpoint/{checkpoint.size}/change/").text
    assert bytes(checkpoint.root).hex() in one
    assert key in one
    assert officer.get(f"/admin/compliance/checkpoint/{checkpoint.size}/note/").text == checkpoint.note
    assert officer.get("/admin/compliance/checkpoint/999999/note/").status_code == 404
    assert officer.post(f"/admin/compliance/checkpoint/{checkpoint.size}/change/").status_code == 403


def test_checkpoints_are_not_for_everybody(database: None) -> None:
    stranger = staff_client(make_user(permissions=("kernel.view_event",)))
    for path in ("", "1/change/", "1/note/"):
        assert stranger.get(f"/admin/compliance/checkpoint/{path}").status_code == 403
