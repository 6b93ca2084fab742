"""Time-based one-time passwords: RFC 6238 on RFC 4226. Pure: the time is an argument."""

import hmac
from base64 import b32encode
from urllib.parse import quote, urlencode

STEP = 30
"""Seconds that a code lasts."""
DIGITS = 6
DRIFT = 1
"""How many steps a clock may be wrong either way."""
SECRET_BYTES = 20
"""As long as the hash, which RFC 4226 (R6) recommends."""


def step_at(seconds: float) -> int:
    """The time step of a moment in seconds since 1970."""
    return int(seconds) // STEP


def code_at(secret: bytes, step: int, *, algorithm: str = "sha1", digits: int = DIGITS) -> str:
    """The code of a time step (RFC 4226, section 5.3)."""
    digest = hmac.digest(secret, step.to_bytes(8, "big"), algorithm)
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFF_FFFF
    return str(number % 10**digits).zfill(digits)


def match(secret: bytes, code: str, now: float, *, after: int, algorithm: str = "sha1") -> int | None:
    """The step whose code this is, among those near now and later than `after`; none where there is no such step.

    Every candidate is compared, in a time that does not depend on the code.
    """
    present = step_at(now)
    found = None
    for step in range(present - DRIFT, present + DRIFT + 1):
        same = hmac.compare_digest(code_at(secret, step, algorithm=algorithm).encode(), code.encode())
        if same and step > after:
            found = step
    return found


def as_text(secret: bytes) -> str:
    """The secret as apps take it by hand."""
    return b32encode(secret).decode().rstrip("=")


def uri(secret: bytes, *, issuer: str, user: str, algorithm: str = "sha1") -> str:
    """The otpauth:// link that apps read from a QR code."""
    label = quote(f"{issuer}:{user}", safe="")
    options = {"secret": as_text(secret), "issuer": issuer, "algorithm": algorithm.upper()}
    return f"otpauth://totp/{label}?{urlencode({**options, 'digits': DIGITS, 'period': STEP}, quote_via=quote)}"
