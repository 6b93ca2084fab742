"""Several processes on one book, each with a memory of its own."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from qenex.embedded.guard import PROJECT
from tests.support.ledger import Shop, give, make_shop, one, posted, recount, transfer_count

pytestmark = pytest.mark.usefixtures("database")


@contextmanager
def writers(count: int, mode: str, shop: Shop) -> Iterator[list["subprocess.Popen[str]"]]:
    """Processes that post for the shop and take their orders from a pipe."""
    accounts = [str(each.pk) for each in shop.customers]
    command = [sys.executable, "-m", "tests.concurrency.writer", mode, str(shop.book.pk), *accounts]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    started = [
        subprocess.Popen(command, cwd=PROJECT, env=os.environ, text=True, **pipes)  # type: ignore[call-overload]  # Popen's own keywords
        for _ in range(count)
    ]
    try:
        yield started
    finally:
        for process in started:
            process.kill()
            process.communicate()


def ask(process: "subprocess.Popen[str]", order: object) -> list[list[object]]:
    """Sends one order and waits for its answer: code and debit balance of each result."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(order) + "\n")
    process.stdin.flush()
    answer: list[list[object]] = json.loads(process.stdout.readline())
    return answer


def test_two_processes_alternate_and_neither_trusts_an_old_memory() -> None:
    shop = make_shop(2, funds="100")
    with writers(2, "orders", shop) as pair:
        for turn in range(20):
            [[code, balance]] = ask(pair[turn % 2], [[0, 1, 4]])
            assert (code, balance) == ("posted", 100 - 4 * (turn + 1))
            if turn % 5 == 0:
                ask(pair[turn % 2], [[1, 0, 4]])
                assert one(shop.book, give(*shop.pair, 4)).debit_balance == (100 - 4 * (turn + 1)) * 10**18
        assert ask(pair[0], [[0, 1, 21]]) == [["insufficient_funds", 0]]
        assert ask(pair[1], [[0, 1, 20], [1, 0, 5], [0, 1, 6]]) == [
            ["posted", 0],
            ["posted", 195],
            ["insufficient_funds", 0],
        ]
    assert [posted(each) for each in shop.customers] == [5, 195]
    assert recount(shop.book) == {}


def test_sixteen_processes_and_threads_together() -> None:
    shop, processes, threads, each = make_shop(4, funds="100"), 2, 8, 12
    with writers(processes, f"load:{threads}:{each}", shop) as started:
        told: Counter[str] = Counter()
        for process in started:
            output, _ = process.communicate(timeout=120)
            told.update(json.loads(output))
            assert process.returncode == 0
    assert told.total() == processes * threads * each
    assert set(told) <= {"posted", "insufficient_funds"}
    assert (transfer_count(shop.book), recount(shop.book)) == (4 + told["posted"], {})
    assert sum(posted(account) for account in shop.customers) == 400
    assert all(posted(account) >= 0 for account in shop.customers)
