"""Looking at what was posted: lists over HTTP, and balances of the past."""

import http.client
import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection

from bench import ground
from bench.errors import BenchError
from bench.works.base import Outcome, Run, timed
from ledger import selectors

PATHS = {
    "API transfers": "/api/v1/transfers?book={book}",
    "API account's transfers": "/api/v1/accounts/{account}/transfers",
    "API balance": "/api/v1/accounts/{account}/balance",
    "API balance as of": "/api/v1/accounts/{account}/balance?at={at}",
    "admin transfers": "/admin/ledger/transfer/",
}


@dataclass(frozen=True)
class PageWork:
    """One client that asks for the same kind of page again and again."""

    database: str
    port: int
    page: str
    count: int

    def prepare(self) -> Run:
        """Addresses of random accounts and moments."""
        here = ground.load(settings.VAR)
        book, page = here.books[ground.SHARED], PATHS[self.page]
        paths = [
            page.format(book=book.id, account=random.choice(book.accounts), at=f"{at:%Y-%m-%dT%H:%M:%S.%fZ}")
            for at in _moments(book.id, self.count)
        ]
        cookie = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={here.session}"}
        headers = cookie if self.page.startswith("admin") else {"Authorization": f"Bearer {here.token}"}
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

        def get(path: str) -> None:
            client.request("GET", path, headers=headers)
            answer = client.getresponse()
            answer.read()
            if answer.status != http.client.OK:
                raise BenchError(f"GET {path} answered {answer.status}")

        def run() -> Outcome:
            try:
                return timed(get, paths, 1)
            finally:
                client.close()

        return run


@dataclass(frozen=True)
class AsOfWork:
    """One client that asks the selector for balances at random moments."""

    database: str
    count: int

    def prepare(self) -> Run:
        """Random accounts and moments."""
        book = ground.load(settings.VAR).books[ground.SHARED]
        inputs = [(random.choice(book.accounts), at) for at in _moments(book.id, self.count)]

        def run() -> Outcome:
            return timed(lambda each: selectors.account_balance(each[0], at=each[1], using="reader"), inputs, 1)

        return run


def _moments(book: UUID, count: int) -> list[datetime]:
    """Random moments between the book's first transfer and its last."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT min(posted_at), max(posted_at) FROM ledger_transfer WHERE book_id = %s", [book])
        first, last = cursor.fetchone()
    span: timedelta = last - first
    return [first + span * random.random() for _ in range(count)]
