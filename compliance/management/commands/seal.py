"""Seal and sign the event log."""

import signal
import threading
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from compliance.sealing import adopting, cosigning, figures, restoring
from compliance.sealing.daemon import Daemon, refusal_record
from compliance.sealing.errors import STATUS, Elsewhere, NothingToDo, Refused, Uncosigned
from compliance.sealing.sealer import Sealer
from compliance.sealing.turns import look
from qenex.kernel import wakeups
from qenex.kernel.context import Context, acting
from qenex.kernel.progress import Progress

UNCONFIRMED = 3
"""The exit status of a question that was not answered."""


class Command(BaseCommand):
    """`manage.py seal`"""

    help = "Give events their positions and sign checkpoints, until SIGTERM; of several sealers one is at work."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="seal and sign what there is, and end")
        ways = parser.add_mutually_exclusive_group()
        ways.add_argument("--adopt", action="store_true", help="let the tree in the database count as signed")
        ways.add_argument("--after-restore", action="store_true", help="go on in a cluster with other numbers")
        parser.add_argument("--reason", default="", help="why; it is kept in the event")
        parser.add_argument("--size", type=int, help="with --adopt: the number of leaves that you adopt")
        parser.add_argument("--root", help="with --adopt: the root that you adopt, in hexadecimal")

    def handle(self, *args: Any, **options: Any) -> None:
        way = self._adopt if options["adopt"] else self._resume if options["after_restore"] else None
        if way is not None and not options["reason"].strip():
            raise CommandError("Say why, with --reason.")
        with _ending(), acting(Context(actor="seal", method="command", reason=options["reason"])):
            if way is not None:
                _told(lambda: way(options))
            elif options["once"]:
                _told(lambda: self._once(options))
            else:
                with _stopping() as stop, _witnesses() as witnesses:
                    Daemon(Sealer(cosign=witnesses), stop).run()

    def _once(self, options: dict[str, Any]) -> None:
        with look() as present:
            before = figures.look(present)
        progress = Progress("Sealing", before.behind, "events", quiet=options["verbosity"] == 0)
        try:
            with _witnesses() as witnesses:
                sealer = Sealer(cosign=witnesses)
                sealer.finish(lambda size: progress.show(size - before.size, f"{size:,} leaves"))
        except Refused as refusal:
            refusal_record(refusal)
            raise
        finally:
            progress.close()
        if sealer.head is not None and options["verbosity"]:
            size, root = sealer.head.size, sealer.head.edge.root().hex()
            self.stdout.write(f"{size - before.size:,} events sealed; the tree has {size:,} leaves and the root {root}")

    def _adopt(self, options: dict[str, Any]) -> None:
        try:
            kept = adopting.guard_adopt(reason=options["reason"], size=options["size"], root=options["root"])
        except adopting.Unconfirmed as asked:
            again = f"repeat this with --size {asked.size} --root {asked.root}"
            line = f"{asked.refusal}. Nothing was changed; if it is right that {asked}, {again}"
            raise CommandError(line, returncode=UNCONFIRMED) from None
        self.stdout.write(f"The tree of {kept.size:,} leaves counts as signed; sealing goes on from there.")

    def _resume(self, options: dict[str, Any]) -> None:
        resumed = restoring.trail_resume(reason=options["reason"])
        self.stdout.write(f"{resumed.sealed:,} restored events sealed; the tree has {resumed.size:,} leaves.")


def _told(command: Callable[[], None]) -> None:
    """Raises CommandError, with the status of the reason, for what is refused."""
    try:
        command()
    except Refused as refusal:
        raise CommandError(str(refusal), returncode=STATUS[refusal.reason]) from None
    except NothingToDo as nothing:
        raise CommandError(str(nothing)) from None
    except Elsewhere:
        raise CommandError("Another sealer is at work: try again.") from None
    except Uncosigned as problem:
        raise CommandError(f"Sealed, and not published: {problem}") from None
    except OSError as problem:
        raise CommandError(f"the file outside the database cannot be written: {problem}") from None


@contextmanager
def _witnesses() -> Iterator[cosigning.Gatherer]:
    """Those of the settings, whose last answers are waited for. Raises CommandError."""
    try:
        found = cosigning.from_settings()
    except cosigning.EntryInvalid as problem:
        raise CommandError(f"QENEX_WITNESSES: {problem}") from None
    with closing(found):
        yield found


@contextmanager
def _stopping() -> Iterator[threading.Event]:
    """An event that SIGTERM and SIGINT set within the block."""
    stop = threading.Event()
    before = {each: signal.signal(each, lambda *_: stop.set()) for each in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


@contextmanager
def _ending() -> Iterator[None]:
    """Gives back every connection in the end, so that a server can tell whether others use it."""
    try:
        yield
    finally:
        wakeups.close()
        for connection in connections.all(initialized_only=True):
            connection.close()
            connection.close_pool()  # type: ignore[attr-defined]  # every alias is PostgreSQL
