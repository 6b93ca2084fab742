#!/usr/bin/env python3
"""Measure the checking of signed requests on this machine: `make bench-signatures`. It starts no server."""

import hmac
import os
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path

# Where this file lies, modules of the same names as the project's would be found.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from bench.machine import cpu_model  # noqa: E402  # see above
from bench.stats import Figure, figure  # noqa: E402  # see above
from qenex.access.signatures import Signed, Verified, check_digest, sign, verify  # noqa: E402  # see above

METHOD, URL = "POST", "https://bank.example/api/v1/transfers"
HEADERS = [
    *(("Host", "bank.example"), ("User-Agent", "python-urllib/3.11"), ("Accept", "*/*")),
    *(("Content-Type", "application/json"), ("Content-Length", "200")),
]
COMPONENTS = ("@method", "@target-uri", "content-digest", "content-type")
BODY = os.urandom(100).hex().encode()
KEY, KEY_ID = secrets.token_bytes(32), "qk_0123456789abcdef"
KNOWN = {KEY_ID: (KEY,)}
REQUESTS, ROUNDS, CALLS = 500, 15, 4_000
TARGET_US = 50.0
VERIFY = "verify a request: policy, HMAC, digest"


def main() -> None:
    """Measures each in turn, the rounds of all mixed, and prints the table. Exits with 1 where the target is missed."""
    works = dict(_works())
    taken: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(ROUNDS):
        for name, work in works.items():
            taken[name].append(_microseconds(work))
    load = " ".join(f"{each:.1f}" for each in os.getloadavg())
    print(f"{cpu_model()}, {os.cpu_count()} cores, Python {sys.version.split()[0]}, load {load}")
    print(f"one thread; processor time of a call, the median of {ROUNDS} rounds of {CALLS:,} calls\n")
    print("|what|µs|lowest to highest|\n|-|-|-|")
    figures = {name: figure(values) for name, values in taken.items()}
    for name, each in figures.items():
        print(f"|{name}|{each.median:.1f}|{each.low:.1f} to {each.high:.1f}|")
    sys.exit(_verdict(figures[VERIFY]))


def _verdict(verified: Figure) -> int:
    met = verified.median < TARGET_US
    print(f"\nThe target of less than {TARGET_US:.0f} µs is {'met' if met else 'missed'}.")
    return 0 if met else 1


def _microseconds(work: Callable[[], object]) -> float:
    """Of one call, in time of this process: what others do on the machine counts as little as can be."""
    began = time.process_time()
    for _ in range(CALLS):
        work()
    return (time.process_time() - began) / CALLS * 1e6


def _works() -> Iterator[tuple[str, Callable[[], object]]]:
    now = int(time.time())
    signed = [_sign(now) for _ in range(REQUESTS)]
    base, digest = signed[0].base, signed[0].headers["Content-Digest"]
    requests = cycle([[*HEADERS, *each.headers.items()] for each in signed])
    yield VERIFY, lambda: _verify(next(requests), now)
    yield f"bare HMAC of the same {len(base)} bytes", lambda: hmac.digest(KEY, base, "sha256")
    yield f"content digest of a body of {len(BODY)} bytes", lambda: check_digest(digest, BODY)
    yield "sign a request", lambda: _sign(now)


def _sign(now: int) -> Signed:
    return sign(
        method=METHOD,
        url=URL,
        headers=HEADERS,
        body=BODY,
        components=COMPONENTS,
        key=KEY,
        key_id=KEY_ID,
        created=now,
        nonce=secrets.token_urlsafe(16),
    )


def _secrets(key_id: str | None) -> tuple[bytes, ...]:
    return KNOWN.get(key_id or "", ())


def _verify(headers: list[tuple[str, str]], now: int) -> Verified:
    """As the fast path does it; a key that is remembered is looked up in a mapping."""
    return verify(
        method=METHOD,
        url=URL,
        headers=headers,
        body=BODY,
        key=_secrets,
        algorithms=("hmac-sha256",),
        required=COMPONENTS,
        required_parameters=("created", "nonce", "keyid"),
        max_age=300,
        now=now + 1.5,
    )


if __name__ == "__main__":
    main()
