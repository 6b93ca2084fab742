"""Posting batches over HTTP."""

import http.client
import json
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings

from bench import ground
from bench.errors import BenchError
from bench.works.base import Outcome, Run, timed
from bench.works.drafts import CENT, batches
from ledger.domain.drafts import TransferDraft

PATH = "/api/v1/transfers/batch"
TYPES = {"JSON": "application/json", "NDJSON": "application/x-ndjson"}


@dataclass(frozen=True)
class BatchWork:
    """One client with one keep-alive connection."""

    database: str
    port: int
    count: int
    size: int
    form: str
    """JSON or NDJSON."""

    def prepare(self) -> Run:
        """Bodies are made before the clock starts: writing them is the client's own affair."""
        here = ground.load(settings.VAR)
        book = here.books[ground.SHARED]
        encode = _json if self.form == "JSON" else _lines
        bodies = [encode(book, each) for each in batches(book.accounts, self.count, self.size, hot=False)]
        path = PATH if self.form == "JSON" else f"{PATH}?book={book.id}"
        headers = {"Authorization": f"Bearer {here.token}", "Content-Type": TYPES[self.form]}
        wanted = f'"posted":{self.size},"refused":0}}'.encode()
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        client.connect()

        def post(body: bytes) -> None:
            client.request("POST", path, body, headers)
            answer = client.getresponse()
            text = answer.read()
            if answer.status != http.client.OK or not text.endswith(wanted):
                raise BenchError(f"a batch was answered with {answer.status} {text[:200]!r} … {text[-50:]!r}")

        def run() -> Outcome:
            try:
                return timed(post, bodies, self.size)
            finally:
                client.close()

        return run


def _transfers(drafts: Sequence[TransferDraft]) -> list[str]:
    return [
        json.dumps(
            {
                "id": str(each.id),
                "debit_account": str(each.debit_account),
                "credit_account": str(each.credit_account),
                "amount": f"{each.amount // CENT // 100}.{each.amount // CENT % 100:02d}",
            },
            separators=(",", ":"),
        )
        for each in drafts
    ]


def _json(book: ground.Book, drafts: Sequence[TransferDraft]) -> bytes:
    return f'{{"book":"{book.id}","transfers":[{",".join(_transfers(drafts))}]}}'.encode()


def _lines(book: ground.Book, drafts: Sequence[TransferDraft]) -> bytes:
    return "".join(f"{line}\n" for line in _transfers(drafts)).encode()
