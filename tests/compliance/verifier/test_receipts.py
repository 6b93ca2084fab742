"""Receipts: what is proven and printed, and that nothing is proven once a byte of it is another."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from compliance.trail import merkle, note
from compliance.trail.entry import event_leaf
from compliance.trail.receipt import Receipt
from compliance.trail.text import Section
from tests.compliance.trail.test_note import Signer
from tests.compliance.verifier.world import (
    LOG,
    ORIGIN,
    SECOND,
    SIZE,
    WITNESS,
    cosigned,
    entries,
    receipt,
    run,
    said,
    signed,
    transfer,
    uid,
)

FULL = receipt(20, 3)


@pytest.fixture
def check(tmp_path: Path, capsys: Any) -> Any:
    """Writes a receipt and runs the verifier on it."""

    def check(some: Receipt | str, *argv: str) -> tuple[int, str]:
        path = tmp_path / "some.receipt"
        path.write_text(some if isinstance(some, str) else some.encode())
        return run(capsys, "receipt", path, *(argv or ("--key", LOG.vkey)))

    return check


def test_the_receipt_of_a_transfer_says_what_was_posted(check: Any) -> None:
    code, printed = check(FULL)
    assert code == 0
    assert printed.split("\n") == [
        f"proven: transfer {uid(1003)} is in its event, and event {uid(20)} is entry 20 of the log",
        f"  log            {ORIGIN}",
        "  entries        600",
        f"  root           {merkle.root_of(_hashes()).hex()}",
        f"  signed by      {'+'.join(LOG.vkey.split('+')[:2])}",
        "  position       20",
        "  event          ledger.transfers.posted",
        f"  event id       {uid(20)}",
        "  recorded at    2026-01-31T12:00:20.000000Z",
        "  transaction    5006",
        "  actor          ada",
        f"  actor id       {uid(9)}",
        "  actor method   password",
        "  actor address  192.0.2.7",
        f"  subject        book {uid(2)}",
        f"  book           {uid(2)}",
        "  request id     r-20",
        f"  transfer       {uid(1003)}",
        "  place          3 of 0 to 4 within its event",
        f"  debit account  {uid(1004)}",
        f"  credit account {uid(1005)}",
        f"  asset          {uid(5)}",
        "  amount         1234.56",
        "  debit balance  1234.56",
        "  credit balance -0.5",
        "  posted at      2026-01-31T12:00:00.000003Z",
        "  value date     2026-01-30",
        "  kind           posted",
        "  code           7",
        "  reference      INV-3",
        '  metadata       {"note": "für März"}',
        "",
    ]


def _hashes() -> list[bytes]:
    return [merkle.leaf_hash(event_leaf(each.transaction, each.body)) for each in entries()]


@pytest.mark.parametrize("position", [0, 1, 255, 256, 511, 512, 599])
def test_the_receipt_of_an_event_stands_alone(check: Any, position: int) -> None:
    code, printed = check(receipt(position), "--key", LOG.vkey, "--json")
    found = said(printed)
    assert (code, found["proven"], found["error"], found["position"]) == (0, True, None, position)
    assert (found["event_id"], "transfer" in found) == (str(uid(position)), False)


def test_no_byte_of_a_receipt_can_be_changed(check: Any, tmp_path: Path, capsys: Any) -> None:
    whole = FULL.encode().encode()
    path, proven = tmp_path / "altered.receipt", []
    for at in range(0, len(whole), 5):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << at % 8]) + whole[at + 1 :])
        code, printed = run(capsys, "receipt", path, "--key", LOG.vkey)
        assert printed.startswith("not proven: altered.receipt: "), (at, printed)
        proven += [at] if code != 1 else []
    assert proven == []


def test_no_line_of_a_receipt_can_be_left_out_repeated_or_moved(check: Any) -> None:
    lines = FULL.encode().splitlines(keepends=True)
    for at in range(len(lines)):
        without = lines[:at] + lines[at + 1 :]
        assert check("".join(without))[0] == 1, lines[at]
        if at < len(lines) - 1:
            assert check("".join([*lines[: at + 1], *lines[at:]]))[0] == 1, lines[at]
            assert check("".join([*without[: at + 1], lines[at], *without[at + 1 :]]))[0] == 1, lines[at]


def test_a_receipt_of_another_log_or_key_is_refused(check: Any) -> None:
    stranger = Signer("other.example", 9)
    code, printed = check(FULL, "--key", stranger.vkey)
    assert (code, "none of the keys given has signed it" in printed) == (1, True)
    namesake = Signer(ORIGIN, 9)
    assert check(FULL, "--key", namesake.vkey)[0] == 1
    foreign = replace(FULL, checkpoint_note=signed(SIZE, by=stranger))
    code, printed = check(foreign, "--key", stranger.vkey)
    assert (code, f"it is of the log {ORIGIN}, and the key is that of another" in printed) == (1, True)
    assert check(foreign, "--key", stranger.vkey, "--origin", ORIGIN)[0] == 0
    assert check(FULL, "--key", LOG.vkey, "--origin", "other.example")[0] == 1


def test_one_of_several_keys_is_enough_and_a_false_signature_of_any_is_too_much(check: Any) -> None:
    newer = Signer(ORIGIN, 9)
    assert check(FULL, "--key", newer.vkey, "--key", LOG.vkey)[0] == 0
    text = note.parse(FULL.checkpoint_note).text
    false = replace(FULL, checkpoint_note=note.encode(text, [LOG.line(text), newer.line("other\n")]))
    assert check(false, "--key", LOG.vkey)[0] == 0
    code, printed = check(false, "--key", LOG.vkey, "--key", newer.vkey)
    assert (code, "the signature of log.example/qenex+" in printed, "does not hold" in printed) == (1, True, True)


def test_witnesses_count_once_each_and_only_where_they_signed(check: Any) -> None:
    both = "--witness", WITNESS.witness_vkey, "--witness", SECOND.witness_vkey
    one = replace(FULL, checkpoint_note=cosigned(SIZE, WITNESS))
    code, printed = check(one, "--key", LOG.vkey, *both)
    assert (code, "1 of 2 witnesses have cosigned it; not w2.example+" in printed) == (1, True)
    code, printed = check(one, "--key", LOG.vkey, *both, "--quorum", "1")
    assert (code, "w1.example+" in printed, "at 2026-09-21T14:13:20Z" in printed) == (0, True, True)
    assert check(replace(FULL, checkpoint_note=cosigned(SIZE, WITNESS, SECOND)), "--key", LOG.vkey, *both)[0] == 0
    twice = "--witness", WITNESS.witness_vkey, "--witness", WITNESS.witness_vkey
    assert check(one, "--key", LOG.vkey, *twice, "--quorum", "2")[0] == 2


def test_a_cosignature_over_another_checkpoint_is_none(check: Any) -> None:
    text = note.parse(signed(SIZE - 1)).text
    moved = replace(FULL, checkpoint_note=signed(SIZE, None, WITNESS.cosigns(7, text)))
    assert check(moved, "--key", LOG.vkey, "--witness", WITNESS.witness_vkey)[0] == 1
    assert check(moved, "--key", LOG.vkey)[0] == 0


def test_a_section_that_is_not_known_is_said_and_ignored_where_it_is_well_formed(check: Any) -> None:
    block = replace(FULL, sections=(Section("block", ("17", "sha-256"), (b"certificate",)),))
    code, printed = check(block)
    assert (code, "  not checked    block 17 sha-256: this program knows no such section\n" in printed) == (0, True)
    ways = ("block 17 sha-256", "block"), ("block 17", "Block 17"), ("block 17", "lock 17"), ("Y2Vy", "Y2V*")
    for old, new in ways:
        assert old in block.encode()
        assert check(block.encode().replace(old, new))[0] == 1


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"index": 21}, "the event is not entry 21 of the log of 600 entries"),
        ({"index": 1 << 63}, f"the event is not entry {1 << 63} of the log"),
        ({"proof": FULL.proof[1:]}, "the event is not entry 20"),
        ({"transfer_index": 2}, "the transfer is not number 2 of the 5 transfers of its event"),
        ({"transfer_count": 6}, "the transfer is not number 3 of the 5 transfers of its event"),
        ({"transfer_leaf": transfer(uid(20), 2)}, "the transfer is not number 3"),
        ({"transfer_proof": ()}, "the transfer is not number 3"),
        ({"checkpoint_note": signed(SIZE - 1)}, "the event is not entry 20 of the log of 599 entries"),
    ],
)
def test_what_does_not_fit_together_is_named(check: Any, changes: dict[str, Any], why: str) -> None:
    code, printed = check(replace(FULL, **changes))
    assert (code, why in printed, printed.count("\n")) == (1, True, 1)


def _signed_alone(leaf: bytes, **transfer: Any) -> Receipt:
    """A receipt of a log of one entry that a careless or false log has signed."""
    return Receipt(leaf, 0, (), signed(1, merkle.leaf_hash(leaf)), **transfer)


def _event(**changes: Any) -> bytes:
    return json.dumps({**json.loads(entries()[20].body), **changes}).encode()


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"no JSON", "the event is no JSON"),
        (b"[]", "the event is no object"),
        (b'{"a":1,"a":2}', "a key comes twice"),
        (b"[" * 100_000, "the event is no JSON"),
        (b'{"a":' + b"9" * 5000 + b"}", "the event is no JSON"),
        (b"\xff", "the event is no JSON"),
        (b'{"a":NaN}', "NaN is no JSON"),
    ],
)
def test_a_signed_entry_that_is_no_event_is_named(check: Any, body: bytes, why: str) -> None:
    code, printed = check(_signed_alone(event_leaf(1, body)))
    assert (code, why in printed) == (1, True)


@pytest.mark.parametrize(
    ("event", "leaf", "why"),
    [
        (_event(type="test.happened"), transfer(uid(20), 1), "the event tells of no transfers"),
        (_event(data={}), transfer(uid(20), 1), "the event tells of no transfers"),
        (_event(data={"count": True}), transfer(uid(20), 1), "the event does not say of how many transfers"),
        (_event(id=str(uid(21))), transfer(uid(20), 1), f"the transfer names the event {uid(20)}"),
        (_event(book=None), transfer(uid(20), 1), f"in the book {uid(2)}"),
        (_event(), b"no leaf", "the leaf is not that of a transfer"),
        (_event(), transfer(uid(20), 1)[:-1], "the leaf is not that of a transfer"),
        (_event(), transfer(uid(20), 1) + b"\x00", "the leaf is not that of a transfer"),
        (_event(), transfer(uid(20), 1, kind=0), "the leaf is not that of a transfer"),
        (_event(), transfer(uid(20), 1, kind=8), "the leaf is not that of a transfer"),
    ],
)
def test_a_transfer_that_its_event_does_not_bear_out_is_named(check: Any, event: bytes, leaf: bytes, why: str) -> None:
    told = json.loads(event)
    if told["data"]:
        count = told["data"]["count"] is True or 1
        told["data"] = {"count": count, "transfers_root": merkle.root([leaf]).hex()}
    body = json.dumps(told).encode()
    code, printed = check(_signed_alone(event_leaf(1, body), transfer_leaf=leaf, transfer_index=0, transfer_count=1))
    assert (code, why in printed) == (1, True)


def test_what_could_fool_a_terminal_is_escaped(check: Any) -> None:
    leaf = transfer(uid(20), 1, reference="\x1b[2Jpaid\u202e\nproven", metadata=None)
    event = _event(data={"count": 1, "transfers_root": merkle.root([leaf]).hex()}, reason="a\rb")
    code, printed = check(_signed_alone(event_leaf(1, event), transfer_leaf=leaf, transfer_index=0, transfer_count=1))
    assert code == 0
    assert "  reference      \\u001b[2Jpaid\\u202e\\u000aproven\n" in printed
    assert "  reason         a\\u000db\n" in printed


def test_personal_data_is_named_by_its_places(check: Any) -> None:
    event = _event(personal=[{"places": ["actor.address"], "key": "k", "sealed": "AAAA"}, 7], type="test.happened")
    code, printed = check(_signed_alone(event_leaf(1, event)))
    assert (code, '  sealed         ["actor.address"]\n  sealed         7\n' in printed) == (0, True)


def test_what_cannot_be_read_is_told_from_what_is_not_proven(check: Any, tmp_path: Path, capsys: Any) -> None:
    assert check("hello\n")[0] == 2
    assert check("")[0] == 2
    assert run(capsys, "receipt", tmp_path / "missing", "--key", LOG.vkey) == (
        *(2, f"cannot read: [Errno 2] No such file or directory: '{tmp_path / 'missing'}'\n"),
    )
    for key in ("nonsense", WITNESS.witness_vkey, LOG.vkey[:-1], LOG.vkey.replace("log", "bog")):
        assert check(FULL, "--key", key)[0] == 2
    assert check(FULL, "--key", LOG.vkey, "--witness", LOG.vkey)[0] == 2
    with pytest.raises(SystemExit, match="2"):
        check(FULL, "--unknown")
    assert "the following arguments are required: --key" in capsys.readouterr().err


def test_the_word_verify_may_be_said(tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "a").write_text(FULL.encode())
    assert run(capsys, "verify", "receipt", tmp_path / "a", "--key", LOG.vkey)[0] == 0
