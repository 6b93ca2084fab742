"""Posts until it is killed. What was acknowledged is in a file before the next thing is asked for.

    python -m tests.crash.client OPENED ACKNOWLEDGED SEED [URL]

A line is a transfer's id, amount and, where the answer has them, posting time and both balances after it. What could
not be answered is asked for again with the same ids, as a client does that has lost its connection.
"""

import http.client
import json
import os
import random
import sys
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

THREADS = 4
Fields = dict[str, Any]
Post = Callable[[list[Fields]], list[list[Any]]]


def through_service(opened: dict[str, Any]) -> Post:
    """Posts batches in this process."""
    import django

    django.setup()

    from ledger.services import transfers_post
    from qenex.kernel.transactions import Busy

    def post(batch: list[Fields]) -> list[list[Any]]:
        try:
            results = transfers_post(book=UUID(opened["book"]), transfers=batch)
        except Busy as error:
            raise ConnectionError from error
        return [
            [str(result.id), result.ok, result.posted_at_us, result.debit_balance, result.credit_balance]
            for result in results
        ]

    return post


def through_http(opened: dict[str, Any], url: str) -> Post:
    """Posts one transfer a request over a connection that is kept."""
    headers = {"Authorization": f"Bearer {opened['token']}", "Content-Type": "application/json"}
    address = urlsplit(url).netloc
    line = http.client.HTTPConnection(address, timeout=60)  # one connection a thread, kept

    def send(fields: Fields) -> list[Any]:
        try:
            line.request("POST", "/api/v1/transfers", json.dumps({"book": opened["book"]} | fields), headers)
            answer = line.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException) as error:
            line.close()
            raise ConnectionError from error
        if answer.status >= 500:
            raise ConnectionError(answer.status)
        assert answer.status in (200, 201, 422), answer.status  # a test's
        return [fields["id"], answer.status != 422]

    return lambda batch: [send(each) for each in batch]


def work(post: Post, accounts: list[str], chance: random.Random, write: Callable[[str], None]) -> None:
    """Posts batch after batch, and each until it is answered."""
    while True:
        batch = [_payment(accounts, chance) for _ in range(chance.choice([1, 1, 1, 5, 40]))]
        while True:
            try:
                results = post(batch)
                break
            except ConnectionError:
                time.sleep(0.2)
        write("".join(_line(fields, result) for fields, result in zip(batch, results, strict=True) if result[1]))


def _payment(accounts: list[str], chance: random.Random) -> Fields:
    debit, credit = chance.sample(accounts, 2)
    amount = f"{chance.randint(1, 500)}.{chance.randint(0, 99):02d}"
    id = str(UUID(int=chance.getrandbits(128), version=4))
    fields: Fields = {"id": id, "debit_account": debit, "credit_account": credit, "amount": amount}
    return fields | {"kind": "hold", "timeout": chance.randint(1, 3)} if chance.random() < 0.1 else fields


def _line(fields: Fields, result: list[Any]) -> str:
    return json.dumps([fields["id"], fields["amount"], *result[2:]]) + "\n"


def main(opened: str, path: str, seed: str, url: str = "") -> None:
    """Works in several threads for ever, or until one of them fails."""
    facts = json.loads(opened)
    file, alone = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), threading.Lock()

    def write(lines: str) -> None:
        with alone:
            os.write(file, lines.encode())

    def run(number: int) -> None:
        try:
            work(line(), facts["accounts"], random.Random(f"{seed} {number}"), write)
        except BaseException:  # noqa: BLE001  # whatever it is, the test has to see it
            traceback.print_exc()
            sys.stderr.flush()
            os._exit(3)

    def line() -> Post:
        return service or through_http(facts, url)

    service = None if url else through_service(facts)
    threads = [threading.Thread(target=run, args=[number]) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main(*sys.argv[1:])
