"""A process that posts, started by the tests: by order, or as fast as it can."""

import json
import random
import sys
from collections import Counter
from uuid import UUID

import django

ANSWERS, sys.stdout = sys.stdout, sys.stderr
"""What the tests read is not mixed with what is logged."""
django.setup()

from ledger.domain.drafts import TransferDraft  # noqa: E402  # models need Django
from ledger.services import transfers_post  # noqa: E402  # see above
from qenex.kernel.ids import uuid7  # noqa: E402  # see above
from qenex.kernel.money import UNIT  # noqa: E402  # see above
from tests.support.threads import together  # noqa: E402  # see above


def post(book: UUID, accounts: list[UUID], order: list[list[int]]) -> list[tuple[str, int]]:
    """Posts payments, given as numbers of accounts and whole amounts; code and debit balance of each result."""
    drafts = [
        TransferDraft(uuid7(), accounts[debit], accounts[credit], amount * UNIT) for debit, credit, amount in order
    ]
    results = transfers_post(book=book, transfers=drafts)
    return [(str(result.code or result.status), result.debit_balance // UNIT) for result in results]


def load(book: UUID, accounts: list[UUID], threads: int, each: int) -> Counter[str]:
    """Payments between random accounts from several threads; how often each thing became of them."""

    def act(number: int) -> Counter[str]:
        chance, told = random.Random(book.int ^ number), Counter[str]()
        for _ in range(each):
            debit, credit = chance.sample(range(len(accounts)), 2)
            told.update(code for code, _ in post(book, accounts, [[debit, credit, chance.randint(1, 60)]]))
        return told

    return sum(together(threads, act), Counter())


def main(mode: str, book: UUID, accounts: list[UUID]) -> None:
    """Does what the mode says."""
    if mode.startswith("load:"):
        print(json.dumps(load(book, accounts, *map(int, mode.split(":")[1:]))), file=ANSWERS)
        return
    for line in sys.stdin:
        print(json.dumps(post(book, accounts, json.loads(line))), file=ANSWERS, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], UUID(sys.argv[2]), [UUID(each) for each in sys.argv[3:]])
