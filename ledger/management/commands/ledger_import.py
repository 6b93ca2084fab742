"""Import a file of payments or a bank statement."""

import re
from argparse import ArgumentParser
from contextlib import closing
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from ledger import services
from ledger.errors import Conflict, Invalid
from ledger.importing import profile as profiles
from ledger.importing.problems import FileProblem
from ledger.importing.report import Errors, Outcome
from ledger.importing.run import Import, check_header
from ledger.importing.sources import Source, open_source
from ledger.models import Book
from qenex.kernel import memory
from qenex.kernel.context import acting, command
from qenex.kernel.progress import Progress
from qenex.kernel.transactions import Busy

REFUSED, UNUSABLE, INTERRUPTED = 1, 2, 130
_SUFFIX = re.compile(r"\.(csv|csv\.gz|parquet)$", re.IGNORECASE)


class Command(BaseCommand):
    """`manage.py ledger_import FILE`: exit code 0 when every line stands, 1 when some were refused, 2 for the rest."""

    help = "Post the lines of a .csv, .csv.gz or .parquet file. Running it again posts only what was not posted yet."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument(
            "--book", metavar="CODE", help="the book; one named after the file unless given; made if need be"
        )
        parser.add_argument("--profile", metavar="NAME", help="a shipped profile or a .toml file; guessed unless given")
        parser.add_argument("--dry-run", action="store_true", help="read and check everything, write nothing")
        parser.add_argument("--batch", type=int, default=5_000, metavar="N", help="lines in one transaction")
        parser.add_argument(
            "--errors", type=Path, metavar="FILE", help="where refused lines go; FILE.errors.csv unless given"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        file: Path = options["file"]
        if not 1 <= options["batch"] <= settings.LEDGER_BATCH_MAX:
            raise CommandError(f"--batch is between 1 and {settings.LEDGER_BATCH_MAX}.", returncode=UNUSABLE)
        errors = Errors(options["errors"] or file.with_name(f"{file.name}.errors.csv"))
        quiet = options["verbosity"] == 0
        outcome = Outcome()
        memory.settle()
        try:
            with (
                closing(open_source(file)) as source,
                errors,
                acting(command("ledger_import", reason=f"import of {file.name}")),
            ):
                _run(_prepare(source, errors, outcome, options), file.name, quiet=quiet)
        except (FileProblem, Busy, Invalid) as error:
            again = "; running it again goes on from there" if outcome.lines else ""
            raise CommandError(f"{error}{again}", returncode=UNUSABLE) from None
        except KeyboardInterrupt:
            raise CommandError("Interrupted; running it again goes on from there.", returncode=INTERRUPTED) from None
        if not quiet:
            self.stdout.write(outcome.text(options["book"] or book_code(file), dry_run=options["dry_run"]))
        if outcome.refused:
            codes = ", ".join(f"{count:,} {code}" for code, count in outcome.codes.most_common())
            raise CommandError(
                f"{outcome.refused:,} lines were refused ({codes}): see {errors.path}", returncode=REFUSED
            )


def book_code(file: Path) -> str:
    """The code of the book named after a file."""
    stem = _SUFFIX.sub("", file.name)
    return re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-._")[:64] or "import"


def _prepare(source: Source, errors: Errors, outcome: Outcome, options: dict[str, Any]) -> Import:
    name = options["profile"]
    profile = profiles.load(name) if name else profiles.guess(source.header)
    check_header(profile, source)
    code = options["book"] or book_code(options["file"])
    book = Book.objects.filter(code=code).first()
    if book is None and not options["dry_run"]:
        try:
            book = services.book_create(code=code, name=code)
        except Conflict:
            book = Book.objects.get(code=code)
    return Import(source, profile, book, errors, options["batch"], options["dry_run"], outcome)


def _run(run: Import, name: str, *, quiet: bool) -> None:
    source = run.source
    bar = Progress(name, source.size, source.unit, quiet=quiet)

    def show(outcome: Outcome) -> None:
        bar.show(source.position(), f"{outcome.lines:,} lines, {outcome.rate:,.0f}/s")

    try:
        run.run(show)
    finally:
        bar.close()
