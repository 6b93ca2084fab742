#!/usr/bin/env python3
"""Measure the checking of signed requests on this machine: `make bench-signatures`. It starts no server."""

import asyncio
import hmac
import os
import secrets
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import cycle, islice
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

# Where this file lies, modules of the same names as the project's would be found.
sys.path[0] = str(Path(__file__).resolve().parent.parent)
os.environ |= {"DJANGO_SETTINGS_MODULE": "qenex.settings", "DATABASE_POOL_SIZE": "0"}
os.environ |= {"DATABASE_URL": "postgresql://nowhere.invalid/qenex", "REDIS_URL": "redis://nowhere.invalid"}

import django  # noqa: E402  # see above

django.setup()

from bench.machine import cpu_model  # noqa: E402  # see above
from bench.stats import Figure, figure  # noqa: E402  # see above
from ledger.api.hot.app import signed_request  # noqa: E402  # see above
from ledger.api.hot.principals import Principal  # noqa: E402  # see above
from ledger.api.hot.signers import Signer, Signers  # noqa: E402  # see above
from qenex.access.apikeys.callers import METHOD as API_KEY  # noqa: E402  # see above
from qenex.access.apikeys.callers import Caller  # noqa: E402  # see above
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
SOME = 200
"""Requests that the web process checks while its loop runs once."""
TARGET_US = 50.0
VERIFY = "verify a request: policy, HMAC, digest"
WHOLE = "the same as the web process does it: from the ASGI scope to the owner of a remembered key"


def main() -> None:
    """Measures each in turn, the rounds of all mixed, and prints the table. Exits with 1 where the target is missed."""
    works = dict(_works())
    taken: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(ROUNDS):
        for name, work in works.items():
            taken[name].append(_microseconds(*work))
    load = " ".join(f"{each:.1f}" for each in os.getloadavg())
    print(f"{cpu_model()}, {os.cpu_count()} cores, Python {sys.version.split()[0]}, load {load}")
    print(f"one thread; processor time of a call, the median of {ROUNDS} rounds of {CALLS:,} calls\n")
    print("|what|µs|lowest to highest|\n|-|-|-|")
    figures = {name: figure(values) for name, values in taken.items()}
    for name, each in figures.items():
        print(f"|{name}|{each.median:.1f}|{each.low:.1f} to {each.high:.1f}|")
    sys.exit(_verdict(figures[WHOLE]))


def _verdict(verified: Figure) -> int:
    met = verified.median < TARGET_US
    print(f"\nThe target of less than {TARGET_US:.0f} µs is {'met' if met else 'missed'}.")
    return 0 if met else 1


def _microseconds(work: Callable[[], object], times: int) -> float:
    """Of one call, in time of this process: what others do on the machine counts as little as can be."""
    began = time.process_time()
    for _ in range(CALLS // times):
        work()
    return (time.process_time() - began) / CALLS * 1e6


def _works() -> Iterator[tuple[str, tuple[Callable[[], object], int]]]:
    """What is measured, and how many calls are one of it."""
    now = int(time.time())
    signed = [_sign(now) for _ in range(REQUESTS)]
    base, digest = signed[0].base, signed[0].headers["Content-Digest"]
    requests = cycle([[*HEADERS, *each.headers.items()] for each in signed])
    yield VERIFY, (lambda: _verify(next(requests), now), 1)
    yield WHOLE, (_web_process([*each.headers.items()] for each in signed), SOME)
    yield f"bare HMAC of the same {len(base)} bytes", (lambda: hmac.digest(KEY, base, "sha256"), 1)
    yield f"content digest of a body of {len(BODY)} bytes", (lambda: check_digest(digest, BODY), 1)
    yield "sign a request", (lambda: _sign(now), 1)


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


def _web_process(signatures: Iterable[list[tuple[str, str]]]) -> Callable[[], object]:
    """Checks one request after the other on an event loop. The key has a network, and is looked up every second."""
    caller = Caller(uuid4(), 1, frozenset(), None, ("127.0.0.0/8",), None, (KEY,), KEY_ID)
    owner = Principal(1, "benchmark", API_KEY, frozenset(), None, "key:1", KEY_ID)
    signers = Signers(lambda key_id: _found(key_id, caller, owner))
    address = urlsplit(URL)
    frame: dict[str, Any] = {"type": "http", "method": METHOD, "scheme": address.scheme, "path": address.path}
    scopes = []
    for each in signatures:
        headers = [(name.lower().encode(), value.encode()) for name, value in [*HEADERS, *each]]
        scopes.append(frame | {"query_string": b"", "headers": headers, "client": ("127.0.0.1", 50_000)})
    requests, loop = cycle(scopes), asyncio.new_event_loop()

    async def check_some() -> None:
        for scope in islice(requests, SOME):
            await signers.check(signed_request(scope, dict(scope["headers"]), BODY))

    return lambda: loop.run_until_complete(check_some())


def _found(key_id: str, caller: Caller, owner: Principal) -> Signer:
    return (caller, owner) if key_id == KEY_ID else None


if __name__ == "__main__":
    main()
