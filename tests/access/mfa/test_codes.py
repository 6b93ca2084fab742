"""Recovery codes as texts."""

import pytest

from qenex.access.mfa import codes


def test_codes_have_a_hundred_and_twenty_bits_in_groups() -> None:
    made = {codes.generate() for _ in range(200)}
    assert len(made) == 200
    assert all(len(code) == 29 and set(code) <= {*codes.ALPHABET, "-"} for code in made)
    assert all([len(group) for group in code.split("-")] == [4] * 6 for code in made)
    assert len(codes.ALPHABET) ** codes.LENGTH == 2**120


@pytest.mark.parametrize(
    "typed", ["O1IL-0000-abcd-efgh-jkmn-pqrs", " 01110000ABCDEFGHJKMNPQRS ", "oiil 0000abcd efghjkmnpqrs"]
)
def test_a_code_may_be_typed_carelessly(typed: str) -> None:
    assert codes.normal(typed) == "01110000ABCDEFGHJKMNPQRS"
    assert codes.hashed(typed) == codes.hashed("0111-0000-ABCD-EFGH-JKMN-PQRS")


@pytest.mark.parametrize(
    "typed", ["", "0111", "U111-0000-ABCD-EFGH-JKMN-PQRS", "0111-0000-ABCD-EFGH-JKMN-PQRST", "ä" * 24]
)
def test_what_cannot_be_a_code_has_no_hash(typed: str) -> None:
    assert codes.normal(typed) is None
    with pytest.raises(ValueError, match="no recovery code"):
        codes.hashed(typed)
