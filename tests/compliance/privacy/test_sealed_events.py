"""Personal data is in the log as ciphertext only: what is hashed is what stays when the key has gone."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import transaction

from qenex.kernel import clock, context, events
from qenex.kernel.context import Context
from qenex.kernel.models import Event
from qenex.kernel.personal import ERASED, STRANGERS, person, reveal, reveal_all
from qenex.vault import crypto_shred, keyring, shredding
from qenex.vault.errors import ProviderUnavailable, Tampered
from qenex.vault.models import DataKey
from tests.support.marked import marked

pytestmark = pytest.mark.usefixtures("database")
MAIL = {"before": None, "after": "anna@example.org"}
HERE = "203.0.113.77"


def somebody() -> int:
    """The key of a user that nobody had before."""
    return uuid4().int >> 70


def emit(subject: str, by: Context | None = None, **sealed: Any) -> Event:
    with context.acting(by or Context()), transaction.atomic():
        id = events.emit("test.noted", subject_type="x", subject_id="1", whose=subject, **sealed)
    return Event.objects.get(pk=id)


def blocks(event: Event) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(bytes(event.body)).get("personal", [])
    return found


def test_the_bytes_hold_no_value_and_revealing_puts_each_in_its_place() -> None:
    whose = person(somebody())
    event = emit(whose, personal={"changes.email": MAIL}, traces={"data.address": HERE})
    assert b"anna" not in bytes(event.body)
    assert HERE.encode() not in bytes(event.body)
    shown = reveal(event.body)
    assert (shown.body["changes"], shown.body["data"]) == ({"email": MAIL}, {"address": HERE})
    assert (shown.places, shown.erased) == (("changes.email", "data.address"), ())
    assert "personal" not in shown.body


def test_nothing_in_the_bytes_names_the_subject() -> None:
    user = somebody()
    [block] = blocks(emit(person(user), personal={"data.name": "Anna"}))
    assert set(block) == {"key", "places", "sealed"}
    assert DataKey.objects.get(pk=block["key"]).subject == f"auth.user:{user}"
    assert str(user) not in json.dumps(block)


def test_personal_data_without_a_subject_is_refused() -> None:
    with pytest.raises(ValueError, match="say whose"):
        emit("", personal={"data.name": "Anna"})
    with pytest.raises(ValueError, match="say whose"):
        emit("", traces={"data.address": HERE})


def test_what_is_none_is_not_sealed() -> None:
    event = emit(person(somebody()), personal={"data.name": None}, traces={"data.address": None})
    assert "personal" not in json.loads(bytes(event.body))


def test_an_address_is_the_acting_persons_or_a_strangers() -> None:
    user = somebody()
    moment = datetime(2033, 5, 6, tzinfo=UTC)
    with clock.frozen(moment):
        known = emit("", by=Context(user, "anna", HERE, "session"))
        unknown = emit("", by=Context(None, "anonymous", HERE, "anonymous"))
    subjects = [DataKey.objects.get(pk=blocks(each)[0]["key"]).subject for each in (known, unknown)]
    assert subjects == [f"auth.user:{user}#2033-05", f"{STRANGERS}#2033-05"]
    assert [reveal(each.body).body["actor"]["address"] for each in (known, unknown)] == [HERE, HERE]


def test_two_peoples_data_is_under_two_keys_and_one_persons_under_one() -> None:
    admin, other = somebody(), somebody()
    by = Context(admin, "boss", HERE, "session")
    assert len(blocks(emit(person(other), by, personal={"changes.email": MAIL}))) == 2
    assert len(blocks(emit(person(admin), by, traces={"data.address": HERE}))) == 1


def test_an_erased_person_leaves_the_bytes_as_they_were_and_others_readable() -> None:
    gone, stays = person(somebody()), person(somebody())
    first = emit(gone, personal={"changes.email": MAIL, "data.name": "Anna"})
    other = emit(stays, personal={"data.name": "Ben"})
    before = bytes(first.body)
    crypto_shred(gone)
    first.refresh_from_db()
    assert bytes(first.body) == before
    shown, untouched = reveal_all([first.body, other.body])
    assert shown.body["changes"] == {"email": {"before": ERASED, "after": ERASED}}
    assert (shown.body["data"], shown.erased) == ({"name": ERASED}, ("changes.email", "data.name"))
    assert (untouched.body["data"], untouched.erased) == ({"name": "Ben"}, ())


def test_of_an_erased_person_nothing_more_is_written_not_even_sealed() -> None:
    gone = person(somebody())
    emit(gone, personal={"data.name": "Anna"})
    crypto_shred(gone)
    event = emit(gone, personal={"data.name": "Anna"}, traces={"data.address": HERE})
    assert blocks(event) == [{"places": ["data.name"]}, {"places": ["data.address"]}]
    assert reveal(event.body).erased == ("data.address", "data.name")
    later = datetime(2039, 1, 1, tzinfo=UTC)
    with clock.frozen(later):
        assert blocks(emit(gone, traces={"data.address": HERE})) == [{"places": ["data.address"]}]


def test_who_never_had_a_key_is_kept_from_having_one() -> None:
    gone = person(somebody())
    with marked():
        assert shredding.destroy(gone).keys == 1
    assert blocks(emit(gone, personal={"data.name": "Anna"})) == [{"places": ["data.name"]}]


def test_a_month_goes_and_the_person_stays() -> None:
    whose = person(somebody())
    with clock.frozen(datetime(2034, 1, 31, tzinfo=UTC)):
        old = emit(whose, personal={"data.name": "Anna"}, traces={"data.address": HERE})
    with clock.frozen(datetime(2034, 2, 1, tzinfo=UTC)):
        new = emit(whose, traces={"data.address": HERE})
    with marked():
        assert shredding.expire("events", "2034-01") == 1
    assert reveal(old.body).body["data"] == {"name": "Anna", "address": ERASED}
    assert reveal(new.body).body["data"] == {"address": HERE}


def test_a_month_of_somebody_under_hold_stays() -> None:
    whose = person(somebody())
    with clock.frozen(datetime(2035, 1, 31, tzinfo=UTC)):
        event = emit(whose, traces={"data.address": HERE})
    with transaction.atomic():
        assert shredding.expire("events", "2035-01", but=[whose]) == 0
    assert reveal(event.body).erased == ()


def test_sealed_bytes_open_in_their_own_event_only() -> None:
    whose = person(somebody())
    one, other = (emit(whose, personal={"data.name": name}) for name in ("Anna", "Ben"))
    document = json.loads(bytes(one.body))
    document["personal"] = blocks(other)
    with pytest.raises(Tampered):
        reveal(json.dumps(document).encode())
    document["id"] = str(other.pk)
    assert reveal(json.dumps(document).encode()).body["data"] == {"name": "Ben"}


def test_without_keys_nothing_is_written_in_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ProviderUnavailable("the HSM is away")

    whose = person(somebody())
    monkeypatch.setattr(keyring, "newest_kek", fail)
    count = Event.objects.filter(type="test.noted").count()
    with pytest.raises(ProviderUnavailable):
        emit(whose, traces={"data.address": HERE})
    assert Event.objects.filter(type="test.noted").count() == count


def test_events_from_before_are_read_as_they_are() -> None:
    body = {"id": str(UUID(int=1)), "actor": {"address": HERE}, "data": {}, "changes": {}}
    shown = reveal(json.dumps(body).encode())
    assert (shown.body, shown.places, shown.erased) == (body, (), ())
