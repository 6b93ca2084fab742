"""What an auditor gets over HTTP proves itself against the log's key alone."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.test import Client, override_settings

from compliance.models import Checkpoint, Leaf
from compliance.sealing import keys
from compliance.trail import checkpoint, merkle, note, receipt, tiles
from compliance.trail.entry import parse_event_leaf
from ledger.models import Transfer
from qenex.kernel.ids import uuid7
from qenex.kernel.models import Event
from tests.ledger.api.conftest import staff
from tests.support.ledger import Shop, give, make_shop, post
from tests.support.tokens import bearer
from tests.support.trail import emit, leaf_data, seal, sealed, true_root

pytestmark = [pytest.mark.usefixtures("trail")]
ALL = ("compliance.view_checkpoint", "ledger.view_transfer", "kernel.view_event")
Get = Callable[..., Any]


@pytest.fixture
def get(trail: str) -> Get:
    """Asks as somebody with all the rights that there are here."""
    return asker(*ALL)


def asker(*permissions: str) -> Get:
    client = Client(headers={"Authorization": f"Bearer {bearer(staff(permissions))}"})
    return lambda path, **query: client.get(f"/api/v1/{path}", query)


def hexes(hashes: list[str]) -> list[bytes]:
    return [bytes.fromhex(each) for each in hashes]


def test_before_anything_is_signed_the_answer_is_to_wait(get: Get) -> None:
    for path in ("log/checkpoint", "log/tile/0/000", "log/consistency?size1=1"):
        answer = get(path)
        assert (answer.status_code, answer.json()["code"], answer["Retry-After"]) == (409, "not_sealed", "1"), path


def test_the_checkpoint_is_signed_with_a_listed_key_and_has_the_root_of_all_events(get: Get) -> None:
    emit(300)
    seal()
    written = get("log/checkpoint").content.decode()
    listed = get("log/keys").content.decode().splitlines()
    assert listed == keys.vkeys()
    assert note.verify(written, listed[0])
    said = checkpoint.parse(note.parse(written).text)
    assert (said.size, said.root) == (len(sealed()), true_root())


def test_a_mirror_of_all_tiles_has_the_same_root(get: Get) -> None:
    emit(700)
    seal()
    said = checkpoint.parse(note.parse(get("log/checkpoint").content.decode()).text)
    mirrored = {tile: get(f"log/{tile.path}") for tile in tiles.new_tiles(0, said.size)}
    assert {answer.status_code for answer in mirrored.values()} == {200}
    assert tiles.root(said.size, lambda *tile: mirrored[tiles.Tile(*tile)].content) == said.root
    assert {answer["Cache-Control"] for answer in mirrored.values()} == {"private, max-age=31536000, immutable"}


def test_a_tile_that_the_signed_tree_has_not_is_not_found(get: Get) -> None:
    emit(3)
    seal()
    unknown = ("0/001", "0/000", "1/000.p/2", "9/000", "0/000.p/0", "0/000.p/256", "0/0", "x/000", "0/x000/000")
    assert {path: get(f"log/tile/{path}").json()["code"] for path in unknown} == dict.fromkeys(unknown, "out_of_tree")


def test_every_position_is_proven_at_every_size(get: Get) -> None:
    emit(20)
    seal()
    size = Checkpoint.objects.latest("size").size
    leaves = leaf_data(sealed())
    for at in (1, 7, size):
        for position in (0, at - 1):
            told = get("log/proof", position=position, size=at).json()
            leaf, root = bytes.fromhex(told["leaf_hash"]), bytes.fromhex(told["root"])
            assert (leaf, root) == (merkle.leaf_hash(leaves[position]), merkle.root(leaves[:at]))
            assert merkle.verify_inclusion(leaf, position, at, hexes(told["proof"]), root)
    event = Leaf.objects.get(position=5).event_id
    assert get("log/proof", event=event).json() == get("log/proof", position=5).json()


def test_what_was_signed_before_is_the_beginning_of_what_is_signed_now(get: Get) -> None:
    emit(5)
    seal()
    old = Checkpoint.objects.latest("size")
    emit(300)
    seal()
    told = get("log/consistency", size1=old.size).json()
    assert bytes.fromhex(told["root1"]) == bytes(old.root)
    assert merkle.verify_consistency(
        old.size, told["size2"], bytes(old.root), bytes.fromhex(told["root2"]), hexes(told["proof"])
    )
    assert told["size2"] == Checkpoint.objects.latest("size").size


UNPROVABLE = {
    "proof?position=9999": "not_found",
    f"proof?event={uuid7()}": "not_found",
    "proof?position=1&size=1": "out_of_tree",
    "proof?position=1&size=9999": "out_of_tree",
    "proof": "invalid",
    "proof?position=-1": "invalid",
    "proof?position=1&event=01a20651-8740-7f94-b08a-26056cd3cd81": "invalid",
    "proof?position=99999999999999999999": "invalid",
    "consistency?size1=0": "invalid",
    "consistency?size1=3&size2=2": "out_of_tree",
    "consistency?size1=9999": "out_of_tree",
    "consistency": "invalid",
}


def test_what_cannot_be_proven_is_said(get: Get) -> None:
    emit(3)
    seal()
    assert {query: get(f"log/{query}").json()["code"] for query in UNPROVABLE} == UNPROVABLE


@pytest.fixture
def shop(trail: str) -> Shop:
    """A book with customers who have money."""
    return make_shop(3, funds="100")


def test_the_receipt_of_each_transfer_of_a_batch_holds(get: Get, shop: Shop) -> None:
    one, two, three = shop.customers
    posted = post(shop.book, give(one, two, 7), give(two, three, 8, reference="für März"), give(three, one, 9))
    seal()
    for place, result in enumerate(posted):
        answer = get(f"transfers/{result.id}/receipt")
        assert answer["Content-Disposition"] == f'attachment; filename="transfer-{result.id}.receipt"'
        shown = receipt.parse(answer.content.decode())
        assert holds(shown)
        assert (shown.transfer_index, shown.transfer_count) == (place, 3)
        assert shown.transfer_leaf is not None
        assert result.id.bytes in shown.transfer_leaf


def holds(shown: receipt.Receipt) -> bool:
    """Whether the receipt proves what it holds, by the rules for verifiers."""
    said = checkpoint.parse(note.parse(shown.checkpoint_note).text)
    leaf = merkle.leaf_hash(shown.event_leaf)
    signed = note.verify(shown.checkpoint_note, keys.vkeys()[0])
    within = True
    if shown.transfer_leaf is not None:
        root = json.loads(parse_event_leaf(shown.event_leaf).body)["data"]["transfers_root"]
        mine = merkle.leaf_hash(shown.transfer_leaf)
        place = shown.transfer_index, shown.transfer_count
        within = merkle.verify_inclusion(mine, *place, shown.transfer_proof, bytes.fromhex(root))
    return signed and within and merkle.verify_inclusion(leaf, shown.index, said.size, shown.proof, said.root)


def test_the_receipt_of_an_event_holds_its_bytes(get: Get) -> None:
    [id, *_] = emit(4)
    seal()
    shown = receipt.parse(get(f"events/{id}/receipt").content.decode())
    assert holds(shown)
    assert parse_event_leaf(shown.event_leaf).body == bytes(Event.objects.get(pk=id).body)


def test_what_no_checkpoint_covers_yet_has_no_receipt_yet(get: Get, shop: Shop) -> None:
    seal()
    [result] = post(shop.book, give(*shop.pair, 1))
    answer = get(f"transfers/{result.id}/receipt")
    assert (answer.status_code, answer.json()["code"], answer["Retry-After"]) == (409, "not_sealed", "1")
    seal()
    assert get(f"transfers/{result.id}/receipt").status_code == 200


def test_a_receipt_is_for_those_who_may_see_the_thing_itself(shop: Shop) -> None:
    transfer = Transfer.objects.filter(book_id=shop.book.pk)[0]
    seal()
    paths: dict[str, UUID] = {"ledger.view_transfer": transfer.pk, "kernel.view_event": transfer.event_id}
    for permission, id in paths.items():
        kind = "transfers" if "transfer" in permission else "events"
        others = [each for each in ALL if each != permission]
        assert asker(*others)(f"{kind}/{id}/receipt").status_code == 403
        assert asker(permission)(f"{kind}/{id}/receipt").status_code == 200
        assert asker(permission)(f"{kind}/{uuid7()}/receipt").status_code == 404


def test_the_log_is_closed_to_strangers_unless_the_site_opens_it(trail: str) -> None:
    emit(1)
    seal()
    stranger = Client()
    for path in ("checkpoint", "keys", "tile/0/000.p/1", "proof?position=0", "consistency?size1=1"):
        assert stranger.get(f"/api/v1/log/{path}").status_code == 401
        assert asker("kernel.view_event")(f"log/{path}").status_code == 403
        with override_settings(TRAIL_PUBLIC=True):
            assert stranger.get(f"/api/v1/log/{path}").status_code == 200
    with override_settings(TRAIL_PUBLIC=True):
        assert stranger.get("/api/v1/log/tile/0/000.p/1")["Cache-Control"].startswith("public,")
