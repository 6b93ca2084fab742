"""The figures that the ledger is meant to reach, beside those that it did."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bench.table import title
from bench.trial import Row

COPY = "COPY"
SERVICE_RATE = 30_000
SERVICE_SHARE, SERVICE_AIM = 0.6, 0.8
HTTP_SHARE = 0.8
SINGLE_RATE, SINGLE_CONNECTIONS = 8_000, 256
HOT_SHARE = 0.8
LARGE_SHARE = 0.8
WEB_MB = 200
BATCH = 5_000


@dataclass(frozen=True)
class Target:
    """What was wanted, and whether it was met."""

    what: str
    wanted: str
    found: str
    met: bool


def judge(rows: Sequence[Row], memory: Sequence[dict[str, Any]]) -> list[Target]:
    """The targets of which something was measured."""
    return [*_service(rows), *_batches(rows), *_single(rows), *_large(rows), *_memory(memory)]


def _share(what: str, share: float, wanted: float, aim: float | None = None) -> Target:
    text = f"at least {wanted:.0%}" + (f" (aim {aim:.0%})" if aim else "")
    return Target(what, text, f"{share:.0%}", share >= wanted)


def _rate(what: str, rate: float, wanted: float) -> Target:
    return Target(what, f"at least {wanted:,}/s", f"{rate:,.0f}/s", rate >= wanted)


def _of(row: Row, prefix: str) -> float | None:
    """The median ratio to the arm whose name begins so."""
    return next((ratio.median for name, ratio in row.ratios.items() if name.startswith(prefix)), None)


def _service(rows: Sequence[Row]) -> Iterator[Target]:
    for row in rows:
        if row.part != "service" or row.labels["batch"] != BATCH:
            continue
        what = f"service, batches of {BATCH:,}, {row.labels['clients']} clients"
        copy, uniform = _of(row, COPY), _of(row, "uniform")
        if row.arm == "uniform" and copy is not None:
            yield _share(f"{what}, of COPY", copy, SERVICE_SHARE, SERVICE_AIM)
            yield _rate(what, row.rate.median, SERVICE_RATE)
        if row.arm == "hot" and uniform is not None:
            yield _share(f"{what}, hot of uniform", uniform, 1.0)


def _batches(rows: Sequence[Row]) -> Iterator[Target]:
    """With the best number of clients: a single one leaves the server idle between two requests."""
    found = [row for row in rows if row.part == "http" and "batch" in row.labels and row.arm.startswith("HTTP")]
    for size in sorted({row.labels["batch"] for row in found}):
        for arm in sorted({row.arm for row in found}):
            shares = [_of(row, "service") or 0.0 for row in found if row.arm == arm and row.labels["batch"] == size]
            yield _share(f"{arm}, batches of {size:,}, of the service", max(shares), HTTP_SHARE)


def _single(rows: Sequence[Row]) -> Iterator[Target]:
    for row in rows:
        if row.part != "http" or row.labels.get("connections") != SINGLE_CONNECTIONS:
            continue
        what = f"HTTP single, {SINGLE_CONNECTIONS} connections"
        uniform = _of(row, "HTTP uniform")
        if row.arm == "HTTP uniform":
            yield _rate(what, row.rate.median, SINGLE_RATE)
        if row.arm == "HTTP hot" and uniform is not None:
            yield _share(f"{what}, hot of uniform", uniform, HOT_SHARE)


def _large(rows: Sequence[Row]) -> Iterator[Target]:
    for row in rows:
        empty = _of(row, "empty")
        if row.part == "large" and not str(row.labels["what"]).startswith("reads") and empty is not None:
            yield _share(f"{title(row.part, row.labels)}: {row.arm}, of empty", empty, LARGE_SHARE)


def _memory(memory: Sequence[dict[str, Any]]) -> Iterator[Target]:
    for each in memory:
        worker = each["processes"][0]
        found = f"{worker['rss_mb']:,} MB resident ({worker['pss_mb']:,} MB its own share)"
        yield Target(f"web process after {each['after']}", f"at most {WEB_MB} MB", found, worker["rss_mb"] <= WEB_MB)
