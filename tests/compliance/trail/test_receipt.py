"""Receipts: one way to write each, and nothing else is read."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.trail import note, receipt, text
from compliance.trail.checkpoint import Checkpoint
from compliance.trail.entry import event_leaf
from compliance.trail.receipt import Receipt, ReceiptInvalid

LEAF = event_leaf(7, b"{}")
SIGNED = note.encode(Checkpoint("log.example", 9, bytes(32)).encode(), ["\u2014 log.example AAAAAAA=\n"])
PLAIN = Receipt(LEAF, 3, (bytes(32), b"\x01" * 32), SIGNED)
FULL = replace(PLAIN, transfer_leaf=b"leaf", transfer_index=1, transfer_count=2, transfer_proof=(b"\x02" * 32,))
BLOCK = text.Section("block", ("17", "sha-256"), (b"any bytes", b"more"))


def test_a_receipt_of_a_transfer_line_by_line() -> None:
    assert FULL.encode().split("\n") == [
        "qenex/receipt@v1",
        "transfer 1 2",
        "bGVhZg==",
        "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=",
        "",
        "c2sp.org/tlog-proof@v1",
        "extra cWVuZXggZXZlbnQgdjEKAAAAAAAAAAd7fQ==",
        "index 3",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=",
        "",
        "log.example",
        "9",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "",
        "\u2014 log.example AAAAAAA=",
        "",
    ]


@pytest.mark.parametrize(
    "some", [PLAIN, FULL, replace(PLAIN, sections=(BLOCK,)), replace(FULL, sections=(BLOCK,)), replace(PLAIN, proof=())]
)
def test_a_receipt_is_read_as_it_was_written(some: Receipt) -> None:
    assert receipt.parse(some.encode()) == some
    assert some.encode().partition("\n\n")[2] == some.tlog_proof()


@given(
    st.binary(min_size=1),
    st.tuples(st.integers(0, 1 << 40), st.integers(0, 1 << 40)),
    st.lists(st.binary(min_size=32, max_size=32), max_size=64).map(tuple),
)
def test_any_receipt_is_read_as_it_was_written(leaf: bytes, at: tuple[int, int], proof: tuple[bytes, ...]) -> None:
    some = Receipt(event_leaf(at[0], leaf), at[1], proof, SIGNED, leaf, *at, proof)
    assert receipt.parse(some.encode()) == some


GOOD = replace(FULL, sections=(BLOCK,)).encode()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("qenex/receipt@v1", "qenex/receipt@v2"),
        ("qenex/receipt@v1\n", ""),
        ("tlog-proof@v1", "tlog-proof@v2"),
        ("transfer 1 2", "transfer 1"),
        ("transfer 1 2", "transfer 1 2 3"),
        ("transfer 1 2", "transfer 01 2"),
        ("transfer 1 2", "transfer -1 2"),
        ("transfer 1 2", "transfer"),
        ("transfer 1 2", "transfer  1 2"),
        ("transfer 1 2\nbGVhZg==\nAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=\n", "transfer 1 2\n"),
        ("bGVhZg==", "bGVhZh=="),
        ("bGVhZg==", "bGVhZg"),
        ("bGVhZg==", "bGVh Zg=="),
        ("bGVhZg==", "bGVhZg==\r"),
        ("AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=", "AgIC"),
        ("block 17", "transfer 17"),
        ("block 17", "other 17"),
        ("block 17", "Block 17"),
        ("block 17", "block\t17"),
        ("extra ", "Extra "),
        ("extra ", ""),
        ("extra cWVuZXggZXZlbnQgdjEK", "extra cWVuZXggZXZlbnQgdjIK"),
        ("index 3", "index 03"),
        ("index 3", "index"),
        ("index 3\n", ""),
        ("AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n", "AQEB\n"),
        ("AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n", "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n" * 64),
        ("\n9\n", "\n09\n"),
        ("\u2014 log.example AAAAAAA=\n", ""),
        ("\u2014", "-"),
    ],
)
def test_a_receipt_with_another_spelling_is_refused(old: str, new: str) -> None:
    assert old in GOOD
    with pytest.raises(ReceiptInvalid):
        receipt.parse(GOOD.replace(old, new, 1))


@given(st.text(max_size=300))
def test_no_text_raises_anything_else(some: str) -> None:
    for written in (some, f"{receipt.FORMAT}\n{some}\n\n{PLAIN.tlog_proof()}", f"{receipt.FORMAT}\n\n{some}"):
        try:
            assert receipt.parse(written).encode() == written
        except ReceiptInvalid:
            continue


@pytest.mark.parametrize(
    "some",
    [
        replace(PLAIN, index=-1),
        replace(PLAIN, index=1 << 64),
        replace(PLAIN, event_leaf=b"no event"),
        replace(PLAIN, checkpoint_note="no note"),
        replace(PLAIN, proof=(b"short",)),
        replace(PLAIN, transfer_count=2),
        replace(FULL, transfer_leaf=b""),
        replace(PLAIN, sections=(BLOCK, BLOCK)),
        replace(PLAIN, sections=(text.Section("block", ()),)),
        replace(PLAIN, sections=(text.Section("block", ("a b",)),)),
        replace(PLAIN, sections=(text.Section("block", ("17",), (b"",)),)),
    ],
)
def test_values_that_make_no_receipt_are_not_written(some: Receipt) -> None:
    with pytest.raises(ReceiptInvalid):
        some.encode()
