"""Posting a batch: one lock, one transaction, one COPY, whatever the number of callers that share it."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain, islice, repeat
from uuid import UUID

from django.db import DatabaseError, IntegrityError, connection

from ledger import metrics
from ledger.domain.drafts import Drafts, TransferDraft
from ledger.domain.known import Known
from ledger.domain.posting import BookState
from ledger.domain.results import TransferResult
from ledger.domain.sequence import GateVerdict, Order, Walk
from ledger.engine import cache, load, verdicts, write
from ledger.engine.batch import EventGroups, Submission
from ledger.engine.decide import Outcome
from ledger.engine.rows import encoder
from ledger.gates import Facts, Gate, conditions, gates
from ledger.locks import book_lock
from qenex.kernel import clock, events, transactions
from qenex.kernel.ids import uuid7
from qenex.kernel.merkle import leaf_hashes
from qenex.kernel.trips import Raw, Statement

_ASSERT_FAILURE = "P0004"
_USED_BEFORE = ("ledger_transfer_pkey", "ledger_journal_pkey")


class _SeenBefore(Exception):
    """Some of the ids were used before: the batch is made again with what is known of them."""


def post(book: UUID, submissions: Sequence[Submission]) -> None:
    """Posts the submissions in their order and gives each its results.

    A linked submission stands or falls as a whole, on its own; in an unlinked one each transfer does. New ids are the
    rule, so nobody looks for them first: the primary key finds those that are not, and only then is the batch made
    again with the earlier transfers at hand.
    Raises load.BookNotFound, and nothing was written; and transactions.Busy, after which a commit whose answer was lost
    may have been made: the same submissions with the same ids find out, and never post twice.
    """
    began = time.perf_counter()
    with _alone(book):
        try:
            became = _run(book, submissions, careful=False)
        except _SeenBefore:
            became = _run(book, submissions, careful=True)
    metrics.batch_posted(became, time.perf_counter() - began)


@contextmanager
def _alone(book: UUID) -> Iterator[None]:
    """Threads queue here, and without a connection: whoever is at work may be waiting for the last one of the pool."""
    guard = cache.guard(book)
    if not guard.acquire(blocking=False):
        if not connection.in_atomic_block:
            connection.close()
        guard.acquire()
    try:
        yield
    finally:
        guard.release()


def _run(book: UUID, submissions: Sequence[Submission], *, careful: bool) -> metrics.Became:
    known, ahead = gates(), load.head_query(book, conditions())
    located = cache.locate(book, [draft for submission in submissions for draft in submission.drafts])

    def command() -> _Batch:
        batch = _Batch(book, submissions, located, careful=careful)
        batch.post(known)
        return batch

    try:
        batch = transactions.run(command, locks=[book_lock(book)], configuration=write.BY_INDEX, ahead=ahead)
    except IntegrityError as error:
        if not careful and any(constraint in str(error) for constraint in _USED_BEFORE):
            raise _SeenBefore from error
        raise
    except DatabaseError as error:
        if transactions.sql_state(error) == _ASSERT_FAILURE:
            raise write.BalanceMissing(str(error)) from error
        raise
    batch.remember()
    return batch.became


class _Batch:
    """One attempt at posting the submissions, inside its transaction."""

    def __init__(self, book: UUID, submissions: Sequence[Submission], located: cache.Located, *, careful: bool) -> None:
        self.book, self.submissions, self.careful = book, submissions, careful
        self.located = located
        self.raw: Raw = connection.connection
        self.head = load.head(transactions.rows_ahead(), book)
        self.state = BookState(cache.recall(book, self.head.batch_id, self.head.terms_id))
        self.batch_id = uuid7()
        self.groups = EventGroups()
        self.last_us = 0
        self.became = metrics.Became()

    def post(self, gates: Sequence[Gate]) -> None:
        """Reads, decides and writes."""
        drafts, slots = self.located.drafts, self.located.within(self.state.accounts)
        slots = load.fill(self.raw, self.book, self.state, drafts, slots)
        known, written = self._seen_before(drafts) if self.careful else ({}, set())
        start_us = max(load.microseconds(clock.now()), self.head.last_posted_at_us + 1)
        # Gates query the database, which the connection cannot while COPY is under way.
        kinds = [draft.kind for draft in drafts]  # no set: a member's hash is made by Python code
        concerned = zip(gates, self.head.conditions, strict=True)
        asked = [gate for gate, condition in concerned if condition and any(kind in kinds for kind in gate.kinds)]
        orders = [self._order(submission, asked) for submission in self.submissions]
        walk = Walk(self.book, self.state, start_us, known, written, open=self.head.open)
        outcome = Outcome(walk, self.groups, slots, careful=self.careful)
        write.transfers(self.raw, self._encoded(outcome, orders))
        if not self.careful:
            self._look_for_refused()
        if self.last_us:
            self._finish(outcome)

    def _seen_before(self, drafts: Drafts) -> tuple[dict[int, Known], set[UUID]]:
        """The transfers and the journals that were written before under these ids."""
        cursor = load.open_cursor(self.raw)
        journals = [submission.journal.id for submission in self.submissions if submission.journal]
        return load.known(cursor, [draft.id for draft in drafts]), load.journals(cursor, journals)

    def remember(self) -> None:
        """After the commit: the next batch of this process starts from here."""
        batch_id = self.batch_id if self.last_us else self.head.batch_id
        cache.remember(self.book, batch_id, self.head.terms_id, self.state.accounts)

    def _encoded(self, outcome: Outcome, orders: Sequence[Order]) -> Iterator[list[bytes]]:
        """COPY's rows in chunks: while the server takes in one, the next is made; then what is left to send."""
        for columns, runs in outcome.pieces(list(zip(self.submissions, orders, strict=True))):
            events = [event for group, count in runs for event in repeat(group.id.bytes, count)]
            journals = [journal for group, count in runs for journal in repeat(group.journal_id, count)]
            encoded = encoder(self.book).rows(columns, events, journals)
            yield encoded
            hashes = iter(leaf_hashes(encoded))
            for group, count in runs:
                group.leaf_hashes += islice(hashes, count)
            self.last_us = int(columns.posted_at_us[-1])
        self.balances = write.BalanceChanges(self.state.accounts.changes())
        yield []  # the socket has room again for rows that were made before
        self.events = [group.event(self.book) for group in self.groups.written()]
        self.became = metrics.tally(self._results())

    def _results(self) -> Iterator[TransferResult]:
        return chain.from_iterable(submission.results for submission in self.submissions)

    def _asset_of(self, draft: TransferDraft) -> UUID | None:
        account = self.state.accounts.get(draft.debit_account.int) if draft.debit_account else None
        return UUID(bytes=account.asset) if account else None

    def _order(self, submission: Submission, asked: list[Gate]) -> Order:
        submission.results = []
        submission.verdicts = self._verdicts(submission, asked) if asked else {}
        journal = submission.journal.id if submission.journal else None
        return Order(submission.drafts, journal, submission.verdicts, submission.results)

    def _verdicts(self, submission: Submission, asked: list[Gate]) -> Mapping[int, GateVerdict]:
        facts = Facts(self.book, submission.drafts, self._asset_of, submission.context, submission.journal)
        return verdicts.of(facts, asked, linked=submission.linked)

    def _look_for_refused(self) -> None:
        """A refused transfer may be a repetition of one that was posted when it still could be. Raises _SeenBefore."""
        ids = [result.id for result in self._results() if result.code is not None]
        if ids and load.exist(load.open_cursor(self.raw), ids):
            raise _SeenBefore

    def _finish(self, outcome: Outcome) -> None:
        """Leaves what remains to be sent with the COMMIT."""
        statements = [
            *events.statements(self.events),  # first: balances move in a transaction that has its event
            *self.balances.statements(),
            *write.holds(self.book, self.state, outcome.rows),
            *self._journals(),
            write.head(self.book, self.batch_id, self.last_us),
        ]
        transactions.conclude(statements)

    def _journals(self) -> Iterator[Statement]:
        for group in self.groups.written():
            if group.journal is not None:
                yield write.journal(self.book, group.journal, group.first_us)
