"""Verifying the whole trail in one snapshot, while writers go on."""

from collections.abc import Callable, Sequence

from django.conf import settings

from compliance.verification import leaves, outside
from compliance.verification.guards import guards
from compliance.verification.outside import Known, Others
from compliance.verification.report import TrailReport
from compliance.verification.restorations import restorations
from compliance.verification.signed import Checkpoints
from compliance.verification.tree import Growth
from ledger.models import Book
from ledger.verification import BookReport, strays, verify_book
from ledger.verification.pages import Snapshot, snapshot

Progress = Callable[[str, int], None]
"""Is told what is being looked at, and how much of it was."""


def verify_trail(
    *,
    using: str = "reader",
    since: Sequence[Known] = (),
    ledger: bool = True,
    progress: Progress = lambda what, done: None,
) -> TrailReport:
    """Computes leaves, tree, tiles and roots again from the events, and compares all that is stored and known outside.

    `since` are trees that others keep (`outside.kept`). With `ledger` every book's transfers are compared with the
    events that tell of them too (`ledger.verification`). Raises ProviderUnavailable where the keys cannot be read.
    """
    report = TrailReport()
    guard = outside.sealer(report)
    with snapshot(using) as opened:
        known = outside.compare_sealer(guard, opened, report)
        _verify(opened, [*since, *known], report, progress)
    if ledger:
        _verify_ledger(using, report, progress)
    return report


def _verify(opened: Snapshot, since: Sequence[Known], report: TrailReport, progress: Progress) -> None:
    growth, signed = Growth(opened, report), Checkpoints(opened, report)
    others = Others(since, report)
    for page in leaves.pages(opened, report):
        signed.grow(growth, page, others)
        progress("events", growth.edge.size)
    growth.finish()
    signed.finish(growth.edge.size)
    others.finish(growth.edge.size)
    leaves.unsealed(opened, report)
    outside.cosignatures(opened, [word.partition("=")[0] for word in settings.WITNESSES], report)
    restorations(opened, report)
    guards(opened, report)


def _verify_ledger(using: str, report: TrailReport, progress: Progress) -> None:
    for book in Book.objects.using(using).order_by("code"):
        found = verify_book(book, using=using, progress=_from(report.transfers, progress))
        report.transfers += found.transfers
        _take(found, report)
    _take(strays(using=using), report)


def _from(before: int, progress: Progress) -> Callable[[int], None]:
    return lambda done: progress("transfers", before + done)


def _take(found: BookReport, report: TrailReport) -> None:
    report.take(found.differences, found.count)
