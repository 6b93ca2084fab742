"""Events get positions in one order, without gaps, once each, and the tree over them is RFC 6962's."""

import random

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction

from compliance.models import Checkpoint, Leaf, Tile
from compliance.sealing import keys, publishing, reading
from compliance.sealing.edge import Edge, Full
from compliance.sealing.sealer import Sealer
from compliance.trail import checkpoint, note
from compliance.trail.merkle import leaf_hash, root, root_of
from qenex.kernel.models import Event
from tests.support.trail import connect, emit, insert, leaf_data, seal, sealed, settle, true_root

pytestmark = [pytest.mark.usefixtures("shared_trail"), pytest.mark.smoke]


def everything() -> list[object]:
    """The ids of all events, in the order in which they must be sealed."""
    return list(Event.objects.order_by("transaction", "id").values_list("id", flat=True))


@pytest.mark.parametrize("limit", [1000, 7])
def test_all_events_are_sealed_in_the_order_of_transaction_and_id(limit: int) -> None:
    for count in (3, 300, 1, 215):
        emit(count)
    sealer = seal(Sealer(limit=limit))
    assert sealed() == everything()
    assert sealer.head is not None
    assert sealer.head.edge.root() == true_root()
    full = [(0, index) for index in range(sealer.head.size // 256)]
    assert list(Tile.objects.order_by("level", "index").values_list("level", "index")) == full


def test_a_leaf_is_hashed_from_the_stored_bytes_as_verifiers_hash_it() -> None:
    ids = emit(3)
    seal()
    hashes = [bytes(leaf.hash) for leaf in Leaf.objects.filter(event_id__in=ids).order_by("position")]
    assert hashes == [leaf_hash(data) for data in leaf_data(ids)]


def test_a_checkpoint_is_a_signed_note_of_the_whole_tree() -> None:
    emit(5)
    seal()
    last = reading.latest(using="default")
    assert last is not None
    assert last.size == len(sealed()) == reading.size_sealed()
    assert note.verify(last.note, keys.vkeys()[0])
    told = checkpoint.parse(note.parse(last.note).text)
    moment = keys.extensions(last.signed_at)
    assert told == checkpoint.Checkpoint("localhost/qenex", last.size, true_root(), moment)
    assert bytes(last.root) == told.root


def test_the_key_itself_is_the_first_thing_in_the_log_and_sealed() -> None:
    seal(sealer := Sealer())
    emit(1)
    seal(sealer)
    made = Event.objects.get(type="vault.signing_key.made")
    assert reading.position_of(made.pk) is not None


def test_nothing_new_is_not_signed_again() -> None:
    emit(1)
    sealer = seal()
    count = Checkpoint.objects.count()
    sealer.finish()
    assert sealer.head is not None
    assert publishing.publish(sealer.head) is None
    assert Checkpoint.objects.count() == count


def test_an_open_writer_that_commits_late_is_sealed_later_and_nothing_is_skipped() -> None:
    with connect() as slow, connect() as quick:
        early = insert(slow)
        late = insert(quick)
        quick.commit()
        sealer = Sealer()
        sealer.finish()
        assert {early, late}.isdisjoint(sealed())
        slow.commit()
    seal(sealer)
    assert [id for id in sealed() if id in (early, late)] == [early, late]
    assert sealed() == everything()


def test_a_sealer_that_remembers_the_last_transaction_alone_would_skip_an_event() -> None:
    with connect() as slow, connect() as quick:
        early = insert(slow)
        late = insert(quick)
        quick.commit()
        seen = Event.objects.order_by("transaction").last()
        assert seen is not None
        assert seen.pk == late
        slow.commit()
    after = Event.objects.filter(transaction__gt=seen.transaction)
    assert not after.filter(pk=early).exists()
    seal()
    assert sealed().index(early) < sealed().index(late)


def test_what_is_rolled_back_leaves_no_gap() -> None:
    with connect() as writer:
        gone = insert(writer)
        writer.rollback()
        kept = insert(writer)
        writer.commit()
    seal()
    assert gone not in sealed()
    assert kept in sealed()
    assert sealed() == everything()


def test_events_of_savepoints_carry_the_number_of_the_whole_transaction() -> None:
    with connect() as writer:
        writer.execute("SELECT 1")
        with writer.transaction():
            inner = insert(writer)
        with writer.transaction(force_rollback=True):
            undone = insert(writer)
        outer = insert(writer)
        writer.commit()
    numbers = set(Event.objects.filter(pk__in=[inner, outer]).values_list("transaction", flat=True))
    assert len(numbers) == 1
    seal()
    assert [id for id in sealed() if id in (inner, outer, undone)] == sorted([inner, outer])


def test_an_edge_grows_to_the_same_tree_in_whatever_steps() -> None:
    chance = random.Random(1)
    hashes = [leaf_hash(number.to_bytes(4)) for number in range(70_000)]
    edge = Edge()
    kept: dict[tuple[int, int], Full] = {}
    while edge.size < len(hashes):
        step = chance.choice([1, 2, 255, 256, 257, 5000])
        edge, tiles = edge.extended(hashes[edge.size : edge.size + step])
        kept |= {(tile.level, tile.index): tile for tile in tiles}
    assert edge.root() == root_of(hashes)
    assert sorted(kept) == [(0, index) for index in range(273)] + [(1, 0)]
    assert all(kept[0, index].hashes == b"".join(hashes[index * 256 : index * 256 + 256]) for index in range(273))
    assert kept[1, 0].hashes == b"".join(kept[0, index].root for index in range(256))

    def fetch(level: int, index: int, width: int) -> bytes:
        if (level, index) in kept:
            return kept[level, index].hashes[: 32 * width]
        rows = hashes if level == 0 else [tile.root for (below, _), tile in sorted(kept.items()) if below == level - 1]
        return b"".join(rows[index * 256 : index * 256 + width])

    for size in (0, 1, 255, 256, 257, 65_535, 65_536, 65_537, 69_888, 70_000):
        assert Edge.load(size, fetch).root() == root_of(hashes[:size])
    assert Edge().root() == root([])


INSERT = "INSERT INTO compliance_leaf (position, event_id, transaction, hash) VALUES "
ROW = "({}, gen_random_uuid(), 1, sha256(''))"


def test_the_database_refuses_positions_that_do_not_follow() -> None:
    emit(3)
    seal()
    size = Leaf.objects.count()
    for steps in ((-1,), (1,), (-1, 1), (0, 2), (1, 2), (0, 1, 3), (2**40,)):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(INSERT + ", ".join(ROW.format(size + step) for step in steps))
    for positions in ((-1,), (0,)):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(INSERT + ", ".join(map(ROW.format, positions)))
    assert len(sealed()) == size
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(INSERT + ", ".join(ROW.format(size + step) for step in (1, 0, 2)))
        transaction.set_rollback(True)


def test_the_database_refuses_a_checkpoint_that_does_not_grow_or_is_larger_than_the_tree() -> None:
    emit(3)
    seal()
    last = Checkpoint.objects.latest("size")
    for size in (last.size, last.size - 1, last.size + 1):
        with pytest.raises(IntegrityError), transaction.atomic():
            Checkpoint(size=size, root=last.root, note="", kid="", signed_at=last.signed_at).save(force_insert=True)
    assert Checkpoint.objects.latest("size").size == last.size


CHANGES = ("UPDATE compliance_{} SET {} = 1", "DELETE FROM compliance_{}", "TRUNCATE compliance_{}")
COLUMNS = {"leaf": "transaction", "tile": "level", "checkpoint": "size", "cosignature": "size"}


@pytest.mark.parametrize(("role", "state"), [("default", "42501"), ("owner", "23001")])
def test_what_is_sealed_cannot_be_changed(role: str, state: str) -> None:
    with connect(role) as raw:
        for table, column in {**COLUMNS, "restoration": "horizon"}.items():
            for change in CHANGES:
                with pytest.raises(psycopg.Error) as refused:
                    raw.execute(change.format(table, column))
                raw.rollback()
                assert refused.value.sqlstate == state, (table, change)


def test_tiles_are_read_whole_or_as_far_as_the_tree_goes() -> None:
    emit(600)
    seal()
    settle()
    hashes = [bytes(leaf.hash) for leaf in Leaf.objects.order_by("position")]
    assert reading.fetch(0, 0, 256) == b"".join(hashes[:256])
    assert reading.fetch(0, 1, 3) == b"".join(hashes[256:259])
    full, rest = divmod(len(hashes), 256)
    assert reading.fetch(0, full, rest) == b"".join(hashes[256 * full :])
    assert reading.fetch(1, 0, 2) == root_of(hashes[:256]) + root_of(hashes[256:512])
    for level, index, width in ((0, full, 256), (0, full + 1, 1), (1, 0, full + 1), (2, 0, 1)):
        with pytest.raises(LookupError):
            reading.fetch(level, index, width)
