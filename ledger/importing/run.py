"""Importing a file, batch by batch. Each batch is one transaction; running again goes on where it ended."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from ledger.domain.drafts import TransferDraft
from ledger.importing.accounts import Accounts
from ledger.importing.assets import Assets
from ledger.importing.lines import Line, LineReader
from ledger.importing.post import Answer, compare, post
from ledger.importing.problems import FileProblem, LineRefused
from ledger.importing.profile import Profile, missing, positions
from ledger.importing.report import Errors, Outcome
from ledger.importing.sources import Record, Source
from ledger.models import Book
from qenex.kernel.ids import uuid7

Pairs = Sequence[tuple[Line, TransferDraft]]


def check_header(profile: Profile, source: Source) -> None:
    """Raises FileProblem where the file has not the columns that the profile needs, or inexact amounts."""
    at = positions(profile, source.header)
    lacking = missing(profile, at)
    if lacking:
        raise FileProblem(f"the profile {profile.name} needs a column for {', '.join(lacking)}")
    if source.header[at["amount"]] in source.floating:
        raise FileProblem("the amounts are binary floating-point numbers and not exact: store them as decimals")


@dataclass(slots=True)
class Import:
    """One run over one file into one book, once `check_header` found nothing.

    On a dry run the book need not be there.
    """

    source: Source
    profile: Profile
    book: Book | None
    errors: Errors
    batch: int = 5_000
    dry_run: bool = False
    outcome: Outcome = field(default_factory=Outcome)
    _refused: list[tuple[int, str, str, Sequence[str]]] = field(default_factory=list)
    _comparing: bool = True
    """Whether lines are compared with what was posted before they are posted: at first, and while any were found."""

    def run(self, progress: Callable[[Outcome], None]) -> Outcome:
        """Imports the file and returns what became of its lines. Raises FileProblem and transactions.Busy."""
        started = time.monotonic()
        at = positions(self.profile, self.source.header)
        assets = Assets(dry_run=self.dry_run)
        accounts = Accounts(self.book, dry_run=self.dry_run)
        reader = LineReader(self.profile, self.source.header, at, self.book.pk if self.book else uuid7(), assets)
        records = self.source.records()
        while chunk := list(islice(records, self.batch)):
            self._take(list(self._lines(reader, chunk)), accounts)
            self._write_refused()
            self.outcome.lines += len(chunk)
            self.outcome.accounts, self.outcome.assets = accounts.created, assets.created
            self.outcome.seconds = time.monotonic() - started
            progress(self.outcome)
        return self.outcome

    def _lines(self, reader: LineReader, chunk: Sequence[Record]) -> Iterator[Line]:
        for number, values in chunk:
            try:
                yield reader.read(number, values)
            except LineRefused as refusal:
                self._refused.append((number, refusal.code, refusal.message, values))

    def _take(self, lines: Sequence[Line], accounts: Accounts) -> None:
        """Posts what of a batch was not posted before."""
        accounts.ensure(place for line in lines for place in (line.debit, line.credit))
        pairs: Pairs = list(self._drafts(lines, accounts))
        repeated = self.outcome.repeated
        if self._comparing and self.book is not None:
            pairs = self._new(compare(self.book.pk, pairs))
        if self.dry_run or self.book is None:
            self._new([(line, draft, Answer("posted")) for line, draft in pairs])
        elif pairs:
            self._new(post(self.book.pk, pairs))
        self._comparing = self.outcome.repeated > repeated

    def _drafts(self, lines: Sequence[Line], accounts: Accounts) -> Iterator[tuple[Line, TransferDraft]]:
        for line in lines:
            debit, credit = line.debit.account, line.credit.account
            if debit is None or credit is None:
                place = line.debit if debit is None else line.credit
                self._refused.append((line.number, "account", accounts.refused[place.key], line.values))
                continue
            yield (
                line,
                TransferDraft(
                    *(line.id, debit, credit, line.units),
                    code=self.profile.transfer_code,
                    value_date=line.value_date,
                    reference=line.reference,
                    metadata=line.metadata,
                ),
            )

    def _new(self, answered: Sequence[tuple[Line, TransferDraft, Answer | None]]) -> Pairs:
        """Counts what was answered and returns the rest."""
        left = []
        for line, draft, answer in answered:
            if answer is None:
                left.append((line, draft))
            elif answer.status == "refused":
                self._refused.append((line.number, answer.code, answer.message, line.values))
            else:
                self.outcome.stands(answer.status, line.debit.asset, line.units)
        return left

    def _write_refused(self) -> None:
        for number, code, message, values in sorted(self._refused, key=lambda refused: refused[0]):
            self.outcome.refused += 1
            self.outcome.codes[code] += 1
            self.errors.add(number, code, message, self.source.original(values))
        self._refused.clear()
