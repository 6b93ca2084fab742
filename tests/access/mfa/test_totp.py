"""Codes of RFC 6238, and links and texts of their secrets."""

from urllib.parse import parse_qs, urlsplit

import pytest

from qenex.access.mfa import totp

SEED = b"1234567890123456789012345678901234567890123456789012345678901234"
LENGTHS = {"sha1": 20, "sha256": 32, "sha512": 64}
# RFC 6238, appendix B, as errata 2866 has it: the seed is as long as the hash.
VECTORS = [
    (59, "94287082", "46119246", "90693936"),
    (1111111109, "07081804", "68084774", "25091201"),
    (1111111111, "14050471", "67062674", "99943326"),
    (1234567890, "89005924", "91819424", "93441116"),
    (2000000000, "69279037", "90698825", "38618901"),
    (20000000000, "65353130", "77737706", "47863826"),
]
CASES = [
    (seconds, algorithm, code) for seconds, *codes in VECTORS for algorithm, code in zip(LENGTHS, codes, strict=True)
]


@pytest.mark.parametrize(("seconds", "algorithm", "code"), CASES)
def test_codes_are_those_of_the_rfc(seconds: int, algorithm: str, code: str) -> None:
    seed = SEED[: LENGTHS[algorithm]]
    step = totp.step_at(seconds)
    assert totp.code_at(seed, step, algorithm=algorithm, digits=8) == code
    assert totp.code_at(seed, step, algorithm=algorithm) == code[2:]


@pytest.mark.parametrize(("steps", "found"), [(-2, None), (-1, 99), (0, 100), (1, 101), (2, None)])
def test_a_clock_may_be_wrong_by_one_step(steps: int, found: int | None) -> None:
    code = totp.code_at(SEED[:20], 100 + steps)
    assert totp.match(SEED[:20], code, 100 * 30 + 7, after=-1) == found


@pytest.mark.parametrize(("after", "found"), [(99, 100), (100, None), (101, None)])
def test_a_step_that_was_used_and_those_before_it_count_no_more(after: int, found: int | None) -> None:
    assert totp.match(SEED[:20], totp.code_at(SEED[:20], 100), 100 * 30, after=after) == found


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "12345\uff16"])
def test_what_is_no_code_is_none(code: str) -> None:
    assert totp.match(SEED[:20], code, 3000, after=-1) is None


def test_the_link_has_what_apps_read() -> None:
    link = urlsplit(totp.uri(b"12345678901234567890", issuer="QENEX", user="änna@x y"))
    assert (link.scheme, link.netloc, link.path) == ("otpauth", "totp", "/QENEX%3A%C3%A4nna%40x%20y")
    assert parse_qs(link.query) == {
        "secret": ["GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"],
        "issuer": ["QENEX"],
        "algorithm": ["SHA1"],
        "digits": ["6"],
        "period": ["30"],
    }
