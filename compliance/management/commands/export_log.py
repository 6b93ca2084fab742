"""Give an auditor his files."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from compliance.errors import NoCheckpoint, OutOfTree
from compliance.exporting import Export, log_export
from compliance.exporting.reading import Incomplete
from compliance.sealing import reading
from qenex.kernel.context import acting, command
from qenex.kernel.progress import Progress

UNUSABLE = 2


class Command(BaseCommand):
    """`manage.py export_log TARGET`"""

    help = "Write a range of the log with its proofs to a new directory, or to an archive named .tar.gz."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("target", type=Path, metavar="TARGET")
        parser.add_argument("--from", type=int, default=0, metavar="POSITION", dest="start", help="the first event")
        parser.add_argument("--until", type=int, metavar="POSITION", dest="end", help="the first one left out")
        parser.add_argument("--no-transfers", action="store_true", help="leave out what the transfers' leaves say")
        parser.add_argument("--reason", default="export by command", help="why; it is kept in the event")

    def handle(self, *args: Any, **options: Any) -> None:
        with acting(command("export_log", reason=options["reason"])):
            made = self._export(options)
        if options["verbosity"]:
            self.stdout.write(
                f"{made.end - made.start:,} events from position {made.start} on, under checkpoint {made.size:,}, "
                f"in {options['target']}. The manifest's SHA-256 is {made.digest}."
            )

    def _export(self, options: dict[str, Any]) -> Export:
        start, end, target = options["start"], options["end"], options["target"]
        total = (reading.size_sealed() if end is None else end) - start
        bar = Progress("Exporting", total, "events", quiet=options["verbosity"] == 0)
        try:
            return log_export(
                target=target,
                start=start,
                end=end,
                transfers=not options["no_transfers"],
                progress=lambda position: bar.show(position - start),
            )
        except NoCheckpoint:
            raise CommandError("Nothing was signed yet: manage.py seal --once", returncode=UNUSABLE) from None
        except OutOfTree:
            raise CommandError("There is no such range under the newest checkpoint.", returncode=UNUSABLE) from None
        except Incomplete as problem:
            raise CommandError(f"{problem}: manage.py verify_log says what happened", returncode=UNUSABLE) from None
        except OSError as error:
            raise CommandError(f"{target} cannot be written: {error.strerror}", returncode=UNUSABLE) from None
        finally:
            bar.close()
