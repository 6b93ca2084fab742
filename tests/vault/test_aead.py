"""AES-256-GCM gives what NIST and Wycheproof publish, and nothing that was changed opens."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qenex.vault import aead

VECTORS = json.loads((Path(__file__).parent / "vectors.json").read_text())
NIST = VECTORS["nist_cavs_aes256_gcm"]["cases"]
WYCHEPROOF = VECTORS["wycheproof_aes256_gcm"]["cases"]
KEY = bytes(range(32))


def of(case: dict[str, Any], *names: str) -> list[bytes]:
    return [bytes.fromhex(case.get(name, "")) for name in names]


def test_all_published_vectors_are_there() -> None:
    counts = [sum(case["mode"] == mode for case in NIST) for mode in ("encrypt", "decrypt")]
    results = [sum(case["result"] == result for case in WYCHEPROOF) for result in ("valid", "invalid")]
    assert (counts, results) == ([25, 30], [17, 8])


@pytest.mark.parametrize(
    "case", NIST, ids=lambda case: f"{case['mode']}-{case['PTlen']}-{case['AADlen']}-{case['count']}"
)
def test_nist(case: dict[str, Any]) -> None:
    key, nonce, aad, ciphertext, tag = of(case, "Key", "IV", "AAD", "CT", "Tag")
    sealed = nonce + ciphertext + tag
    if case.get("fail"):
        with pytest.raises(aead.Tampered):
            aead.decrypt(key, sealed, aad)
        return
    [plaintext] = of(case, "PT")
    assert aead.decrypt(key, sealed, aad) == plaintext
    assert aead.encrypt(key, plaintext, aad, nonce=nonce) == sealed


@pytest.mark.parametrize("case", WYCHEPROOF, ids=lambda case: str(case["tcId"]))
def test_wycheproof(case: dict[str, Any]) -> None:
    key, nonce, aad, plaintext, ciphertext, tag = of(case, "key", "iv", "aad", "msg", "ct", "tag")
    sealed = nonce + ciphertext + tag
    if case["result"] == "invalid":
        with pytest.raises(aead.Tampered):
            aead.decrypt(key, sealed, aad)
        return
    assert aead.decrypt(key, sealed, aad) == plaintext
    assert aead.encrypt(key, plaintext, aad, nonce=nonce) == sealed


@given(st.binary(max_size=2_000), st.binary(max_size=200))
def test_what_was_sealed_opens_and_is_28_bytes_longer(plaintext: bytes, aad: bytes) -> None:
    sealed = aead.encrypt(KEY, plaintext, aad)
    assert len(sealed) == len(plaintext) + aead.OVERHEAD == len(plaintext) + 28
    assert aead.decrypt(KEY, sealed, aad) == plaintext


@given(st.binary(max_size=64), st.binary(min_size=1, max_size=64), st.data())
def test_no_flipped_bit_opens(plaintext: bytes, aad: bytes, data: st.DataObject) -> None:
    sealed = aead.encrypt(KEY, plaintext, aad)
    position = data.draw(st.integers(0, 8 * (len(sealed) + len(aad)) - 1))
    whole = bytearray(sealed + aad)
    whole[position // 8] ^= 1 << position % 8
    with pytest.raises(aead.Tampered):
        aead.decrypt(KEY, bytes(whole[: len(sealed)]), bytes(whole[len(sealed) :]))


@given(st.binary(max_size=27))
def test_what_is_too_short_to_be_sealed_is_tampered(short: bytes) -> None:
    with pytest.raises(aead.Tampered):
        aead.decrypt(KEY, short, b"")


def test_another_key_opens_nothing() -> None:
    sealed = aead.encrypt(KEY, b"secret", b"")
    with pytest.raises(aead.Tampered):
        aead.decrypt(bytes(32), sealed, b"")


def test_the_same_message_is_never_sealed_to_the_same_bytes() -> None:
    assert len({aead.encrypt(KEY, b"secret", b"") for _ in range(1_000)}) == 1_000


@pytest.mark.parametrize("length", [0, 16, 24, 31, 33])
def test_a_key_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="an AES-256 key has 32 bytes"):
        aead.encrypt(bytes(length), b"", b"")
    with pytest.raises(ValueError, match="an AES-256 key has 32 bytes"):
        aead.decrypt(bytes(length), bytes(28), b"")


@pytest.mark.parametrize("length", [0, 8, 11, 13, 16])
def test_a_nonce_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="a nonce has 12 bytes"):
        aead.encrypt(KEY, b"", b"", nonce=bytes(length))


# The vectors of c2sp.org/XAES-256-GCM: key, AAD, ciphertext and tag of "XAES-256-GCM" under "ABCDEFGHIJKLMNOPQRSTUVWX".
# The first key's subkey of CMAC is doubled without a carry, the second's with one.
XAES = [
    (b"\x01", b"", "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271"),
    (b"\x03", b"c2sp.org/XAES-256-GCM", "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d"),
]
NONCE = b"ABCDEFGHIJKLMNOPQRSTUVWX"


@pytest.mark.parametrize(("key", "aad", "expected"), XAES)
def test_extended_nonces_give_what_c2sp_publishes(key: bytes, aad: bytes, expected: str) -> None:
    cipher = aead.Extended(key * 32)
    sealed = cipher.encrypt(b"XAES-256-GCM", aad, nonce=NONCE)
    assert sealed == NONCE + bytes.fromhex(expected)
    assert cipher.decrypt(sealed, aad) == b"XAES-256-GCM"


@given(st.binary(max_size=64), st.binary(min_size=1, max_size=64), st.data())
def test_no_flipped_bit_opens_under_an_extended_nonce(plaintext: bytes, aad: bytes, data: st.DataObject) -> None:
    cipher = aead.Extended(KEY)
    sealed = cipher.encrypt(plaintext, aad)
    assert cipher.decrypt(sealed, aad) == plaintext
    assert len(sealed) == len(plaintext) + aead.EXTENDED_OVERHEAD == len(plaintext) + 40
    position = data.draw(st.integers(0, 8 * (len(sealed) + len(aad)) - 1))
    whole = bytearray(sealed + aad)
    whole[position // 8] ^= 1 << position % 8
    with pytest.raises(aead.Tampered):
        cipher.decrypt(bytes(whole[: len(sealed)]), bytes(whole[len(sealed) :]))


def test_every_message_has_a_key_of_its_own() -> None:
    """The same second half of the nonce, which is all that AES-GCM sees: one keystream would give both texts away."""
    cipher, texts = aead.Extended(KEY), (b"a" * 32, b"b" * 32)
    one, other = (cipher.encrypt(text, b"", nonce=bytes([n]) * 12 + bytes(12))[24:56] for n, text in enumerate(texts))
    assert bytes(x ^ y for x, y in zip(one, other, strict=True)) != bytes(x ^ y for x, y in zip(*texts, strict=True))


@pytest.mark.parametrize("length", [0, 12, 23, 25])
def test_an_extended_nonce_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="a nonce has 24 bytes"):
        aead.Extended(KEY).encrypt(b"", b"", nonce=bytes(length))
    with pytest.raises(ValueError, match="an AES-256 key has 32 bytes"):
        aead.Extended(bytes(length))


@given(st.binary(max_size=39))
def test_what_is_too_short_for_an_extended_nonce_is_tampered(short: bytes) -> None:
    with pytest.raises(aead.Tampered):
        aead.Extended(KEY).decrypt(short, b"")
