"""Replay the log."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connections

from compliance.replay import Report, replay
from qenex.kernel.progress import Progress
from qenex.kernel.projections import EVERYTHING, NoProjection, Span, projectors
from qenex.kernel.upcasting import FromTheFuture

DIFFERENT, UNUSABLE = 1, 2
SHOWN = 1_000


class Command(BaseCommand):
    """`manage.py replay`: exit code 0 where all is as the log tells, 1 where something differs, 2 where it failed."""

    help = "Build every state again from the log, beside the live one, and compare; writers may go on."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--projection", action="append", default=[], metavar="NAME", help="only this one; may be repeated"
        )
        parser.add_argument("--list", action="store_true", help="say what there is, and replay nothing")
        parser.add_argument("--until", metavar="TIME", help="the state as it was then (RFC 3339)")
        parser.add_argument("--compare", action="store_true", help="compare with the live tables")
        parser.add_argument("--json", type=Path, metavar="FILE", help="write what was found as JSON")
        parser.add_argument("--database", default="reader", choices=sorted(connections), metavar="ALIAS")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["list"]:
            self._list()
            return
        if options["until"] and options["compare"]:
            raise CommandError("What is live is of now: --until and --compare do not go together.", returncode=UNUSABLE)
        self._quiet = options["verbosity"] == 0
        report = self._replay(options)
        self._tell(report)
        _write(report, options["json"])
        if report.count:
            raise CommandError(f"The log tells otherwise in {report.count:,} places.", returncode=DIFFERENT)

    def _list(self) -> None:
        for each in projectors():
            for table in each.tables:
                columns = ", ".join(table.fields)
                self.stdout.write(f"{each.name}: {table.name} ({columns})")
                for column, why in table.left_out.items():
                    self.stdout.write(f"{each.name}: {table.name} without {column}: {why}")

    def _replay(self, options: dict[str, Any]) -> Report:
        bar = Progress("replay", 0, "steps", quiet=self._quiet)
        try:
            return replay(
                options["projection"],
                span=_span(options["until"]),
                compared=options["compare"],
                using=options["database"],
                told=lambda what, done, total: bar.show(done, f"{what}: {done:,} of {total:,}"),
            )
        except (NoProjection, FromTheFuture) as error:
            raise CommandError(f"It cannot be replayed: {error}.", returncode=UNUSABLE) from None
        except DatabaseError as error:
            raise CommandError(f"The database refuses: {str(error).splitlines()[0]}", returncode=UNUSABLE) from None
        finally:
            bar.close()

    def _tell(self, report: Report) -> None:
        for table in report.tables:
            for difference in table.differences[:SHOWN]:
                self.stdout.write(str(difference))
            if table.count > SHOWN:
                self.stdout.write(f"{table.name}: and {table.count - SHOWN:,} more")
            if not self._quiet:
                found = f"{table.count:,} differences" if table.count else "all as the log tells"
                self.stdout.write(f"{table.name}: {table.rows:,} rows{f': {found}' if report.compared else ''}")
        if not self._quiet:
            self.stdout.write(f"{report.events:,} events in {report.seconds:.1f} s")


def _span(until: str | None) -> Span:
    if until is None:
        return EVERYTHING
    try:
        moment = datetime.fromisoformat(until)
    except ValueError:
        raise CommandError(f"{until} is no moment such as 2026-01-31T12:00:00Z.", returncode=UNUSABLE) from None
    return Span(before=moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _write(report: Report, path: Path | None) -> None:
    if path is None:
        return
    whole = {"clean": not report.count, "differences": report.count, **asdict(report)}
    try:
        path.write_text(json.dumps(whole, indent=2) + "\n")
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}", returncode=UNUSABLE) from None
