#!/usr/bin/env python3
"""Measure password hashing, and what a flood of sign-ins does to everybody else: `make bench-passwords`.

The servers are its own and are removed at the end. The flood comes from ever new addresses, so that no lockout ends it.
"""

import http.client
import os
import re
import statistics
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path
from urllib.parse import urlencode

# Where this file lies, modules of the same names as the project's would be found.
sys.path[0] = str(Path(__file__).resolve().parent.parent)
os.environ["DJANGO_SETTINGS_MODULE"] = "qenex.settings"

from bench.servers import Servers, Watch, Web, servers, web  # noqa: E402  # see above

SECONDS = 5.0
FLOOD = 64
"""How many sign in at the same moment, again and again."""
PAUSE = 0.02
LOGIN = "/admin/login/"
OTHER = "/readyz"
"""A page that asks the database and Redis."""
_TOKEN = re.compile(rb'name="csrfmiddlewaretoken" value="([^"]+)"')
_addresses = count(1)


def main() -> None:
    """Measures, and prints a table."""
    with servers(Path("var/bench"), keep=False) as (own, watch):
        os.environ["TRUSTED_PROXIES"] = "1"
        os.environ["DATABASE_POOL_SIZE"] = "8"
        _migrate()
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n\n|what|figure|\n|-|-|")
        _hashes()
        _flood(own, watch)


def _migrate() -> None:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connections

    from qenex.embedded import static

    call_command("migrate", interactive=False, verbosity=0)
    static.collect()
    for connection in connections.all():
        connection.close()
        connection.close_pool()  # type: ignore[attr-defined]  # every alias is PostgreSQL


def _hashes() -> None:
    from django.contrib.auth.hashers import Argon2PasswordHasher

    from qenex.access.hashing import AT_ONCE, Argon2id

    ours, theirs = Argon2id(), Argon2PasswordHasher()
    rates = [_rate(partial(each.encode, "x" * 12, "s" * 12)) for each in (ours, theirs)]
    print(f"|hashes a second, one thread: ours (19 MiB, two passes)|{rates[0]:.0f}|")
    print(f"|Django's default (100 MiB, eight lanes)|{rates[1]:.0f}|")
    print(f"|hashes of one process at once, on this machine|{AT_ONCE}|")


def _rate(work: Callable[[], object]) -> float:
    done, ends = 0, time.monotonic() + SECONDS
    while time.monotonic() < ends:
        work()
        done += 1
    return done / SECONDS


def _flood(own: Servers, watch: Watch) -> None:
    with web(own, watch, "qenex") as server:
        _asks(server, SECONDS / 5)  # pages are compiled
        calm = _asks(server, SECONDS)
        over, answers = threading.Event(), Counter[int]()
        crew = [threading.Thread(target=_sign_in, args=(server, over, answers), daemon=True) for _ in range(FLOOD)]
        for each in crew:
            each.start()
        time.sleep(1)
        answers.clear()
        began, busy = time.monotonic(), _asks(server, SECONDS * 2)
        seconds = time.monotonic() - began
        memory = server.memory()[0]["rss_mb"]
        over.set()
        for each in crew:
            each.join(30)
    looked, refused = answers[200] / seconds, answers[503] / seconds
    print(f"|a page that asks the database (median, 99th percentile), calm|{_shown(calm)}|")
    print(f"|the same while {FLOOD} sign in at once without a pause|{_shown(busy)}|")
    print(f"|sign-ins a second meanwhile: looked at, told to come back|{looked:.0f}, {refused:.0f}|")
    print(f"|web process meanwhile|{memory:.0f} MB|")


def _asks(server: Web, seconds: float) -> list[float]:
    """How long another page takes, in milliseconds, asked for again and again by one who pauses between."""
    client, taken, ends = _client(server), [], time.monotonic() + seconds
    while time.monotonic() < ends:
        began = time.perf_counter()
        client.request("GET", OTHER)
        client.getresponse().read()
        taken.append((time.perf_counter() - began) * 1000)
        time.sleep(PAUSE)
    return taken


def _sign_in(server: Web, over: threading.Event, answers: Counter[int]) -> None:
    client = _client(server)
    client.request("GET", LOGIN)
    answer = client.getresponse()
    cookie = str(answer.getheader("Set-Cookie")).partition(";")[0]
    token = _TOKEN.search(answer.read())
    assert token is not None
    fields = {"username": "nobody", "password": "not the password", "csrfmiddlewaretoken": token[1].decode()}
    headers = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
    while not over.is_set():
        number = next(_addresses)
        address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        client.request(
            "POST", LOGIN, urlencode({**fields, "username": f"n{number}"}), {**headers, "X-Forwarded-For": address}
        )
        answer = client.getresponse()
        answer.read()
        answers[answer.status] += 1


def _client(server: Web) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)


def _shown(taken: list[float]) -> str:
    ordered = sorted(taken)
    return f"{statistics.median(ordered):.0f} ms, {ordered[int(len(ordered) * 0.99)]:.0f} ms"


if __name__ == "__main__":
    main()
