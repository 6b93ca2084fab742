"""Prove the trail from within."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from compliance.sealing import reading
from compliance.verification import TrailReport, verify_trail
from compliance.verification.outside import Known, NotOurs, kept
from qenex.kernel import memory
from qenex.kernel.progress import Progress
from qenex.vault.errors import ProviderUnavailable

DIFFERENT, UNUSABLE = 1, 2
SHOWN = 1_000


class Command(BaseCommand):
    """`manage.py verify_log`: exit code 0 when all is as computed, 1 when something differs."""

    help = (
        "Compute every leaf, tile, root and column of the trail again from the events, and compare; writers may go on."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--since", action="append", default=[], type=Path, metavar="CHECKPOINT",
            help="a checkpoint that somebody kept outside; may be repeated",
        )  # fmt: skip
        parser.add_argument("--no-ledger", action="store_true", help="leave out the transfers of the books")
        parser.add_argument("--report", type=Path, metavar="FILE", help="write what was found as JSON")
        parser.add_argument("--database", default="reader", choices=sorted(connections), metavar="ALIAS")

    def handle(self, *args: Any, **options: Any) -> None:
        memory.settle()
        report = self._verify(_kept(options["since"]), options)
        for difference in report.differences[:SHOWN]:
            self.stdout.write(str(difference))
        if report.count > SHOWN:
            self.stdout.write(f"and {report.count - SHOWN:,} more")
        if options["verbosity"]:
            self._tell(report)
        if options["report"] is not None:
            _write(options["report"], report)
        if report.count:
            raise CommandError(f"The trail differs in {report.count:,} places.", returncode=DIFFERENT)

    def _verify(self, since: list[Known], options: dict[str, Any]) -> TrailReport:
        using = options["database"]
        bar = Progress("Verifying", reading.size_sealed(using=using), "events", quiet=options["verbosity"] == 0)
        try:
            return verify_trail(
                using=using,
                since=since,
                ledger=not options["no_ledger"],
                progress=lambda what, done: bar.show(done, f"{done:,} {what}"),
            )
        except ProviderUnavailable as problem:
            raise CommandError(f"The log's keys cannot be read: {problem}", returncode=UNUSABLE) from None
        finally:
            bar.close()

    def _tell(self, report: TrailReport) -> None:
        found = f"differences: {report.count:,}" if report.count else "all as computed"
        self.stdout.write(
            f"{report.leaves:,} events, {report.tiles:,} tiles, {report.checkpoints:,} checkpoints, "
            f"{report.cosignatures:,} cosignatures, {report.transfers:,} transfers: {found}"
        )
        self.stdout.write(
            f"The root of {report.leaves:,} events is {report.root}; {report.unsealed:,} wait for a leaf."
        )


def _kept(paths: list[Path]) -> list[Known]:
    try:
        return kept(paths)
    except NotOurs as problem:
        raise CommandError(str(problem), returncode=UNUSABLE) from None
    except OSError as error:
        raise CommandError(f"{error.filename} cannot be read: {error.strerror}", returncode=UNUSABLE) from None


def _write(path: Path, report: TrailReport) -> None:
    try:
        path.write_text(json.dumps(report.as_json(), indent=2) + "\n")
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}", returncode=UNUSABLE) from None
