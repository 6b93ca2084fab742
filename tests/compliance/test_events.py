"""Events of every version are read: one of each is kept as it was written in its time, is upcast, and is replayed."""

import json
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from pytest_django import DjangoDbBlocker

from compliance.replay.moment import moment
from qenex.kernel import canonical, upcasting
from qenex.kernel.projections import EVERYTHING, Projector, Shadow, projectors
from qenex.kernel.upcasting import UNKNOWN, FromTheFuture
from tests.support.emitted import emitted
from tests.support.samples import FOLDER, path

SAMPLES = sorted(FOLDER.glob("*.json"))
EMITTED = emitted()
HELP = "run `make event-samples`, or the test that emits it with EVENT_SAMPLES_WRITE=1, and commit the file"


def told(sample: Path) -> tuple[str, int]:
    """The type and version that a sample's name says."""
    type, _, version = sample.stem.rpartition(".v")
    return type, int(version)


def test_every_type_that_is_emitted_has_a_sample_of_its_present_version() -> None:
    kept = {type for type, version in map(told, SAMPLES) if version == upcasting.current(type)}
    lacking = {each.type for each in EMITTED if not any(fnmatchcase(type, each.type) for type in kept)}
    assert lacking == set(), HELP
    assert len({each.type for each in EMITTED}) > 40
    assert {each.type for each in EMITTED if each.type.startswith("*")} == set()


def test_every_type_is_emitted_in_its_present_version() -> None:
    written = {each for each in EMITTED if each.version and "*" not in each.type}
    assert {each for each in written if each.version != upcasting.current(each.type)} == set()


def test_every_earlier_version_has_a_sample() -> None:
    types = {told(sample)[0] for sample in SAMPLES}
    earlier = [path(type, version) for type in types for version in range(1, upcasting.current(type))]
    # These came with their second version: nobody has ever written the first.
    never = {path(f"access.apikey.{what}", 1) for what in ("collected", "rotation_asked")}
    assert {each.name for each in earlier if not each.exists()} == {each.name for each in never}


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.stem)
def test_a_stored_event_is_canonical_and_is_read_in_the_latest_version(sample: Path) -> None:
    body, (type, version) = sample.read_bytes(), told(sample)
    event = upcasting.read(body)
    assert canonical.encode(json.loads(body)) == body
    assert (event.type, event.version) == (type, upcasting.current(type))
    assert f'"version":{version}}}' in body.decode()


@pytest.fixture(scope="module")
def replayed(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[dict[str, Shadow]]:
    """Tables that nothing was built in yet."""
    with django_db_blocker.unblock(), moment("reader") as cursor:
        yield {table.name: Shadow(cursor, table) for each in projectors() for table in each.tables}


def test_stored_events_of_every_version_are_replayed(replayed: dict[str, Shadow]) -> None:
    known: list[Projector] = projectors()
    types = set().union(*(each.events for each in known))
    stored = [upcasting.read(sample.read_bytes()) for sample in SAMPLES if told(sample)[0] in types]
    assert types - {event.type for event in stored} == set()
    for event in stored:
        for projector in known:
            if event.type in projector.events:
                projector.apply(event, replayed)
    for projector in known:
        for shadow in replayed.values():
            shadow.flush()
        projector.build(replayed, EVERYTHING)


def test_what_an_earlier_version_did_not_tell_is_not_made_up() -> None:
    book = upcasting.read(path("ledger.book.created", 1).read_bytes())
    assert (book.version, book.data["created_at"]) == (2, UNKNOWN)
    assert upcasting.read(path("ledger.book.created", 2).read_bytes()).data["created_at"].endswith("Z")


def test_a_version_that_is_not_known_is_refused() -> None:
    body = path("ledger.book.created", 2).read_bytes().replace(b'"version":2}', b'"version":3}')
    with pytest.raises(FromTheFuture, match="known up to version 2, and an event has 3"):
        upcasting.read(body)


def test_a_step_is_registered_once() -> None:
    with pytest.raises(ValueError, match="two steps from version 1"):
        upcasting.grown("ledger.book.created", 1, "anything")
