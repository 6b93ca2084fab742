"""Signed notes: what holds and what does not, with keys of our own and the published notes."""

import json
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from compliance.trail import note
from compliance.trail.text import encode64
from tests.compliance.trail.vectors import published, shared

NOTES = published("signed_note")
TEXT = "If it is not written down,\nit was never said.\n"


class Signer:
    """A key under a name."""

    def __init__(self, name: str, seed: int = 1) -> None:
        self.name, self._secret = name, Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
        self.public = self._secret.public_key().public_bytes_raw()
        self.vkey, self.witness_vkey = note.vkey(name, self.public), note.vkey(name, self.public, note.COSIGNATURE)

    def line(self, text: str = TEXT) -> str:
        return note.signature_line(self.name, self.public, self._secret.sign(text.encode()))

    def cosigns(self, at: int, text: str = TEXT) -> str:
        signature = self._secret.sign(note.cosignature_text(at, text).encode())
        return note.cosignature_line(self.name, self.public, at, signature)


ADA, BOB = Signer("ada.example/log", 1), Signer("bob.example", 2)
SIGNED = TEXT + "\n" + ADA.line()


@pytest.mark.parametrize("at", range(len(NOTES)))
def test_published_notes_hold_and_no_altered_character_does(at: int) -> None:
    text, vkey = NOTES[at]["note"], NOTES[at]["vkey"]
    assert note.verify(text, vkey) is True
    for where in range(len(text)):
        altered = text[:where] + ("A" if text[where] != "A" else "B") + text[where + 1 :]
        assert note.verify(altered, vkey) is False, altered


def test_every_published_checkpoint_of_a_log_is_signed() -> None:
    [log] = [each for each in NOTES if "checkpoints_by_size" in each]
    assert all(note.verify(each, log["vkey"]) for each in log["checkpoints_by_size"].values())
    assert len(log["checkpoints_by_size"]) == 16


def test_no_part_and_no_mutilation_of_a_key_is_a_key() -> None:
    vkey = ADA.vkey
    parts = {vkey[start:end] for start in range(len(vkey)) for end in range(start, len(vkey) + 1)} - {vkey}
    altered = {vkey[:at] + chr(ord(vkey[at]) + 1) + vkey[at + 1 :] for at in range(len(vkey))}
    assert [each for each in parts | altered if note.verify(SIGNED, each)] == []
    assert note.verify(SIGNED, vkey)


def _raw_vkey(name: str, key: bytes) -> str:
    """Any bytes as a key, with the id that belongs to them."""
    id = sha256(name.encode() + b"\n" + key).hexdigest()[:8]
    return f"{name}+{id}+{encode64(key)}"


@pytest.mark.parametrize(
    "key",
    [b"", b"\x01", b"\x01" + ADA.public[:-1], b"\x01" + ADA.public + b"\x00", b"\x02" + ADA.public, b"e" + ADA.public],
)
def test_a_key_of_another_algorithm_or_length_is_refused_though_its_id_fits(key: bytes) -> None:
    with pytest.raises(note.NoteInvalid, match=r"base64 of an algorithm and an Ed25519 key|no base64"):
        note.parse_vkey(_raw_vkey(ADA.name, key))


@pytest.mark.parametrize(
    "vkey",
    [
        *("", "+", "++", "a+b", ADA.vkey + "+", ADA.vkey + "\n", " " + ADA.vkey, ADA.vkey.replace("ada", "a da")),
        *(ADA.vkey.replace("ada", "a\x85da"), ADA.vkey.replace("ada", "a\u3000da"), ADA.vkey.replace("ada", "bda")),
        *(ADA.vkey + "=", ADA.vkey.replace("ada", "a\ud800da"), ADA.vkey.partition("+")[2], "é" * 3),
    ],
)
def test_what_is_no_key_verifies_nothing(vkey: str) -> None:
    assert note.verify(SIGNED, vkey) is False
    assert note.verify_cosignature(SIGNED, vkey) is None


SMALL_ORDER = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
]


@pytest.mark.parametrize("public", SMALL_ORDER)
def test_a_key_that_no_secret_key_has_is_refused(public: str) -> None:
    with pytest.raises(note.NoteInvalid, match="small order or not in its canonical form"):
        note.vkey("log.example", bytes.fromhex(public))


def test_published_signatures_on_odd_points_are_judged_without_raising() -> None:
    if (cases := shared("ed25519_speccheck.json")) is None:
        pytest.skip("the shared vectors are not at hand")
    verdicts = [_judged(bytes.fromhex(case["pub_key"]), bytes.fromhex(case["signature"])) for case in cases]
    assert verdicts == [False] * len(cases)


def _judged(public: bytes, signature: bytes) -> bool:
    line = note.signature_line("odd.example", public, signature)
    return note.verify(f"{TEXT}\n{line}", _raw_vkey("odd.example", b"\x01" + public))


MALFORMED = [
    "",
    "\n",
    "\n\n",
    TEXT,
    TEXT + "\n",
    TEXT + ADA.line(),
    SIGNED[:-1],
    SIGNED + "\n",
    SIGNED + "one line more\n",
    SIGNED + ADA.line().replace("\u2014", "-"),
    SIGNED + ADA.line().replace("\u2014 ", "\u2014"),
    SIGNED + ADA.line().replace("\u2014 ", "\u2014  "),
    SIGNED + "\u2014 \n",
    SIGNED + "\u2014 Bad Name AAAAAAA=\n",
    SIGNED + "\u2014 bad+name AAAAAAA=\n",
    SIGNED + "\u2014 bad\u00a0name AAAAAAA=\n",
    SIGNED + "\u2014 name\n",
    SIGNED + "\u2014 name \n",
    SIGNED + "\u2014 name AAAAAA==\n",
    SIGNED + "\u2014 name AAAAAAA\n",
    SIGNED + "\u2014 name AAAAAAB=\n",
    SIGNED + "\u2014 name AAAAAAA=\u00e9\n",
    SIGNED + "\u2014 name AAAA AAA=\n",
    SIGNED + "\u2014 name AAAA-_A=\n",
    SIGNED.replace("\n", "\r\n"),
    SIGNED.replace("not", "n\tt"),
    SIGNED.replace("not", "n\x00t"),
    SIGNED.replace("not", "n\x1ft"),
    SIGNED.replace("not", "n\ud800t"),
    "\x01" + SIGNED,
    "\ufeff" + SIGNED,
]


@pytest.mark.parametrize("text", MALFORMED)
def test_what_is_no_note_is_refused(text: str) -> None:
    assert note.verify(text, ADA.vkey) is False
    assert note.verify(SIGNED, ADA.vkey) is True


@pytest.mark.parametrize("text", [b"\xff" + SIGNED.encode(), SIGNED.encode().replace(b"not", b"n\xc0\x80t")])
def test_bytes_that_are_not_utf_8_are_no_note(text: bytes) -> None:
    assert note.verify(text, ADA.vkey) is False
    assert note.verify(SIGNED.encode(), ADA.vkey) is True


@given(st.text())
def test_no_text_makes_the_verifier_raise(text: str) -> None:
    assert note.verify(text, ADA.vkey) is False
    assert note.verify(SIGNED, text) is False
    assert note.verify(f"{text}\n{ADA.line()}", ADA.vkey) is False
    assert note.verify_cosignature(text, ADA.witness_vkey) is None


def test_of_several_signatures_each_key_finds_its_own() -> None:
    both = SIGNED + BOB.line()
    assert note.verify(both, ADA.vkey)
    assert note.verify(both, BOB.vkey)
    assert not note.verify(both, Signer("carol.example", 3).vkey)
    assert [each.name for each in note.parse(both).signatures] == ["ada.example/log", "bob.example"]


def test_signatures_of_unknown_keys_are_passed_over_even_under_a_known_name_or_id() -> None:
    namesake = Signer(ADA.name, 9)
    same_id = note.Signature("other.example", note.key_id(ADA.name, note.ED25519, ADA.public), bytes(64)).line
    unknown = namesake.line("another text\n") + same_id + "\u2014 short.example AAAAAAA=\n"
    assert note.verify(f"{TEXT}\n{unknown}{ADA.line()}", ADA.vkey)
    assert not note.verify(f"{TEXT}\n{unknown}", ADA.vkey)


def test_a_signature_that_says_it_is_the_keys_and_is_not_makes_the_note_worthless() -> None:
    wrong = ADA.line("another text\n")
    assert not note.verify(f"{TEXT}\n{wrong}", ADA.vkey)
    assert not note.verify(f"{TEXT}\n{wrong}{ADA.line()}", ADA.vkey)
    assert not note.verify(f"{TEXT}\n{ADA.line()}{wrong}", ADA.vkey)
    assert note.verify(f"{TEXT}\n{ADA.line()}{ADA.line()}", ADA.vkey)


@pytest.mark.parametrize("length", [1, 63, 65, 72])
def test_a_signature_of_another_length_is_refused(length: int) -> None:
    signature = note.parse(SIGNED).signatures[0].signature
    line = note.signature_line(ADA.name, ADA.public, (signature + bytes(8))[:length])
    assert not note.verify(f"{TEXT}\n{line}", ADA.vkey)


def test_a_note_has_a_hundred_signatures_and_no_more() -> None:
    assert note.verify(f"{TEXT}\n{ADA.line() * 100}", ADA.vkey)
    assert not note.verify(f"{TEXT}\n{ADA.line() * 101}", ADA.vkey)


@pytest.mark.parametrize(
    "text", ["\n", "\n\n", "a\n\nb\n", "a\n\n\n", "a\n\n\u2014 name AAAAAAA=\n", "\u2028\x7f\ufffd\n"]
)
def test_the_text_ends_at_the_last_empty_line(text: str) -> None:
    signed = note.encode(text, [ADA.line(text)])
    assert note.parse(signed).text == text
    assert note.parse(signed).encode() == signed
    assert note.verify(signed, ADA.vkey)


def test_a_text_without_its_last_newline_is_not_written() -> None:
    with pytest.raises(note.NoteInvalid, match="a note is a text, an empty line"):
        note.encode("no end", [ADA.line()])
    with pytest.raises(note.NoteInvalid, match="does not end in a newline"):
        note.encode("a\n\n" + ADA.line()[:-1], [ADA.line()])


def test_a_cosignature_tells_when() -> None:
    signed = SIGNED + BOB.cosigns(1_700_000_000)
    assert note.verify_cosignature(signed, BOB.witness_vkey) == 1_700_000_000
    assert note.verify_cosignature(note.parse(signed), BOB.witness_vkey) == 1_700_000_000
    assert note.verify_cosignature(SIGNED + BOB.cosigns(7) + BOB.cosigns(9), BOB.witness_vkey) == 9
    assert note.verify_cosignature(SIGNED + BOB.cosigns(0), BOB.witness_vkey) == 0


def test_a_cosignature_is_no_signature_and_no_signature_a_cosignature() -> None:
    assert not note.verify(SIGNED + BOB.cosigns(7), BOB.witness_vkey)
    assert not note.verify(SIGNED + BOB.cosigns(7), BOB.vkey)
    assert note.verify_cosignature(SIGNED, ADA.vkey) is None
    assert note.verify_cosignature(SIGNED, ADA.witness_vkey) is None


def test_a_cosignature_of_another_time_text_or_length_is_refused() -> None:
    good = note.parse(SIGNED + BOB.cosigns(7)).signatures[1]
    for other in (bytes(8) + good.signature[8:], good.signature[:-1], good.signature + b"\x00", good.signature[8:]):
        assert note.verify_cosignature(SIGNED + good._replace(signature=other).line, BOB.witness_vkey) is None
    assert note.verify_cosignature(SIGNED + BOB.cosigns(7, "other\n"), BOB.witness_vkey) is None
    assert note.verify_cosignature(SIGNED + BOB.cosigns(7, "other\n") + good.line, BOB.witness_vkey) is None


@pytest.mark.parametrize("at", [-1, 1 << 63])
def test_a_time_that_cannot_be_is_not_signed(at: int) -> None:
    with pytest.raises(note.NoteInvalid, match="is no time"):
        note.cosignature_text(at, TEXT)


def test_a_time_beyond_the_limit_is_refused_though_the_signature_holds() -> None:
    at = 1 << 63
    signature = BOB._secret.sign(f"cosignature/v1\ntime {at}\n{TEXT}".encode())
    assert (
        note.verify_cosignature(SIGNED + note.cosignature_line(BOB.name, BOB.public, at, signature), BOB.witness_vkey)
        is None
    )


def test_what_a_witness_signs_is_what_the_specification_shows() -> None:
    checkpoint: Any = published("tlog_checkpoint_format_only")["note"]
    text = note.parse(checkpoint).text
    assert note.cosignature_text(1_679_315_147, text) == "cosignature/v1\ntime 1679315147\n" + text
    assert json.dumps(text).count("\\n") == 3
