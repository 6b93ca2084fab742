"""Replay the log."""

import json
from argparse import ArgumentParser, ArgumentTypeError
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connections
from django.db.backends.utils import CursorWrapper

from compliance.replay import Report, replay, snapshots, spans
from compliance.replay.exceptions import EXCEPTIONS
from compliance.replay.snapshots import Manifest, SnapshotInvalid
from compliance.replay.spans import NoPosition
from compliance.sealing import reading
from qenex.kernel.context import Context, acting
from qenex.kernel.progress import Progress
from qenex.kernel.projections import NoProjection, Span, projectors
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
        parser.add_argument(
            "--until",
            type=_until,
            metavar="POSITION|TIME",
            help="the state up to that event or moment (RFC 3339)",
        )
        parser.add_argument("--compare", action="store_true", help="compare with the live tables")
        parser.add_argument("--json", type=Path, metavar="FILE", help="write what was found as JSON")
        parser.add_argument("--snapshot", type=Path, metavar="DIR", help="keep what was built, up to what is signed")
        parser.add_argument("--from-snapshot", type=Path, metavar="DIR", help="go on from what was kept")
        parser.add_argument("--database", default="reader", choices=sorted(connections), metavar="ALIAS")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["list"]:
            self._list()
            return
        _check(options)
        self._quiet = options["verbosity"] == 0
        report = self._replay(options)
        self._tell(report)
        _write(report, options["json"])
        if report.count:
            raise CommandError(f"The log tells otherwise in {report.count:,} places.", returncode=DIFFERENT)

    def _list(self) -> None:
        for each in projectors():
            for table in each.tables:
                self.stdout.write(f"{each.name}: {table.name} ({', '.join(table.fields)})")
                for column, why in table.left_out.items():
                    self.stdout.write(f"{each.name}: {table.name} without {column}: {why}")
        for name, why in sorted(EXCEPTIONS.items()):
            self.stdout.write(f"not replayed: {name}: {why}")

    def _replay(self, options: dict[str, Any]) -> Report:
        bar = Progress("replay", 0, "steps", quiet=self._quiet)
        try:
            report = self._run(options, bar)
        except (NoProjection, NoPosition, FromTheFuture, SnapshotInvalid) as error:
            raise CommandError(f"It cannot be replayed: {error}.", returncode=UNUSABLE) from None
        except OSError as error:
            raise CommandError(f"The snapshot cannot be written: {error}.", returncode=UNUSABLE) from None
        except DatabaseError as error:
            raise CommandError(f"The database refuses: {str(error).splitlines()[0]}", returncode=UNUSABLE) from None
        finally:
            bar.close()
        return report

    def _run(self, options: dict[str, Any], bar: Progress) -> Report:
        using, into, base = options["database"], options["snapshot"], options["from_snapshot"]
        size = _size(options["until"], using) if into else None
        kept = snapshots.read(base) if base else None
        made: list[Manifest] = []
        report = replay(
            options["projection"],
            span=lambda cursor: _span(cursor, options["until"] if size is None else size - 1, kept),
            begin=lambda built: snapshots.load(kept, base, built, using=using) if kept else None,
            finish=lambda built: made.append(snapshots.save(built, size, into, using=using)) if size else None,
            compared=options["compare"],
            using=using,
            told=lambda what, done, total: bar.show(done, f"{what}: {done:,} of {total:,}"),
        )
        for manifest in made:
            with acting(Context(actor="replay", method="command")):
                snapshots.snapshot_record(manifest=manifest)
            self.stdout.write(f"{into}: the state after {manifest.size:,} events, {manifest.hash}")
        return report

    def _tell(self, report: Report) -> None:
        for table in report.tables:
            for difference in table.differences[:SHOWN]:
                self.stdout.write(str(difference))
            if table.count > SHOWN:
                self.stdout.write(f"{table.name}: and {table.count - SHOWN:,} more")
            if not self._quiet:
                found = f"differences: {table.count:,}" if table.count else "all as the log tells"
                self.stdout.write(f"{table.name}: {table.rows:,} rows{f': {found}' if report.compared else ''}")
        if not self._quiet:
            self.stdout.write(f"{report.events:,} events in {report.seconds:.1f} s")


def _check(options: dict[str, Any]) -> None:
    """Raises CommandError for what does not go together."""
    until, into, base = options["until"], options["snapshot"], options["from_snapshot"]
    wrong = [
        (until is not None and options["compare"], "What is live is of now: --until and --compare do not go together."),
        (into and options["compare"], "What is signed is not of now: --snapshot and --compare do not go together."),
        (into and isinstance(until, datetime), "A snapshot is of a position, not of a time."),
        (base and (into or until is not None), "From a snapshot it goes on to the end."),
    ]
    for broken, message in wrong:
        if broken:
            raise CommandError(message, returncode=UNUSABLE)


def _until(text: str) -> int | datetime:
    if text.isascii() and text.isdigit():
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text} is no position and no moment such as 2026-01-31T12:00:00Z") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _size(until: int | None, using: str) -> int:
    """How many events a snapshot is of: those that the newest checkpoint covers, unless a position was given."""
    if until is not None:
        return until + 1
    checkpoint = reading.latest(using=using)
    if checkpoint is None:
        raise NoPosition("nothing was signed yet")
    return checkpoint.size


def _span(cursor: CursorWrapper, until: int | datetime | None, kept: Manifest | None) -> Span:
    if kept is not None:
        return spans.behind(cursor, kept.size)
    if isinstance(until, datetime):
        return spans.until(cursor, until)
    return spans.whole(cursor) if until is None else spans.first(cursor, until + 1)


def _write(report: Report, path: Path | None) -> None:
    if path is None:
        return
    whole = {"clean": not report.count, "differences": report.count, **asdict(report)}
    try:
        path.write_text(json.dumps(whole, indent=2) + "\n")
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}", returncode=UNUSABLE) from None
