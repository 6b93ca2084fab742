"""Checkpoints and leaves: one way to write each, and nothing else is read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.trail import checkpoint, entry, merkle, note
from tests.compliance.trail.vectors import published

ROOT = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
GOOD = f"log.example\n0\n{ROOT}\n"


def test_the_published_checkpoint_is_read() -> None:
    text = note.parse(published("tlog_checkpoint_format_only")["note"]).text
    found = checkpoint.parse(text)
    assert (found.origin, found.size, found.extensions) == ("example.com/behind-the-sofa", 20852163, ())
    assert found.root.hex() == "0ac5186a91863e8e1d90c808014aa89bf5da8e3ee1d9f07630f0378f68f1ab62"
    assert found.encode() == text


def test_the_published_log_has_the_roots_that_it_signed() -> None:
    [log] = [each for each in published("signed_note") if "checkpoints_by_size" in each]
    leaves = [leaf.encode() for leaf in log["leaves_utf8_in_order"]]
    signed = [checkpoint.parse(note.parse(each).text) for each in log["checkpoints_by_size"].values()]
    assert [(each.size, each.root) for each in signed] == [
        (size, merkle.root(leaves[:size])) for size in range(len(leaves) + 1)
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n\n",
        GOOD[:-1],
        GOOD + "\n",
        "\n" + GOOD,
        f"log.example\n0\n{ROOT}",
        f"log.example\n\n{ROOT}\n",
        f"log.example\n00\n{ROOT}\n",
        f"log.example\n01\n{ROOT}\n",
        f"log.example\n-1\n{ROOT}\n",
        f"log.example\n+1\n{ROOT}\n",
        f"log.example\n 1\n{ROOT}\n",
        f"log.example\n1.0\n{ROOT}\n",
        f"log.example\n\u0661\n{ROOT}\n",
        f"log.example\n18446744073709551616\n{ROOT}\n",
        f"log.example\n{'9' * 5000}\n{ROOT}\n",
        f"log.example\n0\n{ROOT[:-1]}\n",
        f"log.example\n0\n{ROOT} \n",
        f"log.example\n0\n{ROOT[:-2]}V=\n",
        "log.example\n0\nAAAA\n",
        f"log.example\n0\n{ROOT}\n\nextension\n",
        f"log.example\r\n0\n{ROOT}\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(checkpoint.CheckpointInvalid):
        checkpoint.parse(text)


@given(st.text(max_size=200))
def test_no_text_raises_anything_else(text: str) -> None:
    for some in (text, f"{text}\n0\n{ROOT}\n", f"log.example\n{text}\n{ROOT}\n", f"log.example\n0\n{text}\n"):
        try:
            assert checkpoint.parse(some).encode() == some
        except checkpoint.CheckpointInvalid:
            continue


@pytest.mark.parametrize(
    "values",
    [("", 0, bytes(32)), ("a\nb", 0, bytes(32)), ("a", -1, bytes(32)), ("a", 1 << 64, bytes(32)), ("a", 0, bytes(31))],
)
def test_values_that_make_no_checkpoint_are_not_written(values: tuple[str, int, bytes]) -> None:
    with pytest.raises(checkpoint.CheckpointInvalid):
        checkpoint.Checkpoint(*values).encode()


def test_extensions_are_kept_as_they_are() -> None:
    text = f"{GOOD}first \nsecond\n"
    assert checkpoint.parse(text).extensions == ("first ", "second")
    assert checkpoint.parse(text).encode() == text


def test_the_leaf_of_an_event_byte_by_byte() -> None:
    leaf = entry.event_leaf(258, b'{"a":1}')
    assert leaf.hex() == "71656e6578206576656e742076310a" + "0000000000000102" + "7b2261223a317d"
    assert entry.parse_event_leaf(leaf) == (258, b'{"a":1}')
    assert entry.event_leaf(258, memoryview(b'{"a":1}')) == leaf


@pytest.mark.parametrize("transaction", [-1, 1 << 64])
def test_a_transaction_of_more_than_8_bytes_is_none(transaction: int) -> None:
    with pytest.raises(entry.EntryInvalid, match="is no transaction"):
        entry.event_leaf(transaction, b"{}")


@pytest.mark.parametrize("leaf", [b"", b"qenex event v1\n", b"qenex event v1\n1234567", b"qenex event v2\n12345678{}"])
def test_other_bytes_are_no_leaf_of_an_event(leaf: bytes) -> None:
    with pytest.raises(entry.EntryInvalid, match="not that of an event"):
        entry.parse_event_leaf(leaf)
