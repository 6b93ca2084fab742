"""The protocol between logs and witnesses (C2SP tlog-witness), asked of a real process."""

import json
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from socket import create_connection
from typing import Any

import pytest

from compliance.trail import note
from compliance.trail.merkle import consistency_proof
from compliance.witness.states import name_of
from compliance.witness.submission import BODY_MAX, PROOF_MAX
from tests.support.witness import Log, Running, running

PUBLISHED: list[dict[str, Any]] = json.loads((Path(__file__).parent / "vectors.json").read_text())["sets"]
ONE, OTHER, STRANGER = Log(), Log("log.example/other", 2), Log("log.example/stranger", 3)


@pytest.fixture(scope="module")
def witness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One process for all of these tests; each log's state is its own."""
    logs = (ONE.vkey, OTHER.vkey, *(each["log"] for each in PUBLISHED))
    with running(tmp_path_factory.mktemp("witness"), *logs) as found:
        yield found


@pytest.fixture
def log(witness: Running, request: pytest.FixtureRequest) -> Log:
    """A log that the witness knows and has never cosigned: its key came while the witness ran."""
    made = Log(f"log.example/{request.node.name}"[:90].replace(" ", "-"))
    with (witness.folder / "logs").open("a") as file:
        file.write(f"{made.vkey}\n")
    return made


@pytest.mark.parametrize("published", PUBLISHED, ids=["sigsum", "sumdb"])
def test_published_requests_are_answered_as_published(witness: Running, published: dict[str, Any]) -> None:
    for case in published["cases"]:
        answer = witness.add(case["body"].encode())
        assert answer.status == case["status"], answer
        if case["status"] == 200:
            signed = case["body"].partition("\n\n")[2] + answer.body
            assert abs((note.verify_cosignature(signed, witness.vkey) or 0) - time.time()) < 30
        elif case["size"] is not None:
            assert (answer.type, answer.body) == ("text/x.tlog.size", f"{case['size']}\n")


def test_a_log_that_grows_is_cosigned_step_by_step(witness: Running, log: Log) -> None:
    for old, size in [(0, 1), (1, 2), (2, 7), (7, 7), (7, 8), (8, 300), (300, 1000)]:
        answer = witness.add(log.ask(old, size))
        assert (answer.status, answer.body.count("\n")) == (200, 1)
        assert note.verify_cosignature(log.checkpoint(size) + answer.body, witness.vkey)
        # What it signed for one size is no signature for another.
        assert note.verify_cosignature(log.checkpoint(size + 1) + answer.body, witness.vkey) is None


def test_the_empty_tree_is_cosigned_and_no_other_root_of_its_size(witness: Running, log: Log) -> None:
    forged = b"old 0\n\n" + log.checkpoint(0, root=bytes(32)).encode()
    assert witness.add(forged).status == 422
    assert witness.add(log.ask(0, 0)).status == 200
    assert witness.add(log.ask(0, 0)).status == 200
    assert witness.add(log.ask(0, 3)).status == 200


def test_another_history_is_refused_wherever_it_branches_off(witness: Running, log: Log) -> None:
    assert witness.add(log.ask(0, 6)).status == 200
    two_faced = Log(log.origin, fork="not ")
    for common in range(6):
        for size in (6, 7, 9):
            assert witness.add(two_faced.ask(6, size, common)).status == 422, (common, size)
    # The proof of the honest log under another root.
    head = log.ask(6, 9).partition(b"\n\n")[0]
    lying = two_faced.checkpoint(9, root=bytes(32)).encode()
    assert witness.add(head + b"\n\n" + lying).status == 422
    assert witness.add(log.ask(6, 9)).status == 200


def test_nothing_goes_back(witness: Running, log: Log) -> None:
    assert witness.add(log.ask(0, 9)).status == 200
    for body in (log.ask(0, 9), log.ask(0, 3), log.ask(3, 9), log.ask(0, 20), log.ask(8, 20)):
        answer = witness.add(body)
        assert (answer.status, answer.body, answer.type) == (409, "9\n", "text/x.tlog.size")
    # The size that was cosigned last is larger than the checkpoint's.
    assert witness.add(log.ask(9, 3)).status == 400
    assert witness.add(log.ask(9, 12)).status == 200


def test_a_proof_that_is_not_needed_is_refused(witness: Running, log: Log) -> None:
    assert witness.add(log.ask(0, 4, proof=[bytes(32)])).status == 422
    assert witness.add(log.ask(0, 4)).status == 200
    assert witness.add(log.ask(4, 4, proof=[log.root(4)])).status == 422
    assert witness.add(log.ask(4, 8, proof=[])).status == 422
    assert witness.add(log.ask(4, 8, proof=[*consistency_proof(4, log.leaves(8)), bytes(32)])).status == 422


def test_only_the_log_may_speak_for_itself(witness: Running, log: Log) -> None:
    body = log.ask(0, 2).decode()
    head, _, line = body.rpartition("\n\n")
    assert witness.add(STRANGER.ask(0, 2)).status == 404
    impostor = Log(log.origin, seed=9)
    assert witness.add(impostor.ask(0, 2)).status == 403
    flipped = line[:-10] + ("A" if line[-10] != "A" else "B") + line[-9:]
    assert witness.add(f"{head}\n\n{flipped}".encode()).status == 403
    # A signature of the log over another size, and a good signature beside a bad one.
    other = log.ask(0, 3).decode().rpartition("\n\n")[2]
    assert witness.add(f"{head}\n\n{other}".encode()).status == 403
    assert witness.add(f"{head}\n\n{line}{flipped}".encode()).status == 403
    assert (
        witness.add(f"{head}\n\n{impostor.ask(0, 2).decode().rpartition(chr(10) * 2)[2]}{line}".encode()).status == 200
    )


@pytest.mark.parametrize(
    "body",
    [
        *("", "\n", "old 0\n", "old 0\n\n", "old 0\n\n\n", "\n\n{note}", "{note}", "old\n\n{note}", "old 0{note}"),
        *("old 00\n\n{note}", "old -1\n\n{note}", "old +1\n\n{note}", "old 0 \n\n{note}", "old  0\n\n{note}"),
        *(
            "OLD 0\n\n{note}",
            "size 0\n\n{note}",
            "old 0\r\n\r\n{note}",
            f"old {1 << 64}\n\n{{note}}",
            "old ٣\n\n{note}",
        ),
        *("old 0\nAAAA\n\n{note}", "old 0\n!\n\n{note}", "old 0\n{hash} \n\n{note}", "old 0\n{hash}{hash}\n\n{note}"),
        *("old 0\n" + "{hash}\n" * (PROOF_MAX + 1) + "\n{note}", "old 0\n\n\n{note}", "old 0\n\n{note}\n"),
        *("old 0\n\nlog.example/one\n01\n{hash}\n\n{line}", "old 0\n\nlog.example/one\n1\n{line}"),
    ],
)
def test_what_is_not_of_the_protocol_is_malformed(witness: Running, body: str) -> None:
    signed = ONE.checkpoint(1)
    line = signed.rpartition("\n\n")[2]
    text = body.replace("{note}", signed).replace("{line}", line).replace("{hash}", "A" * 43 + "=")
    assert witness.add(text.encode()).status == 400


def test_bytes_that_are_not_text_are_malformed(witness: Running) -> None:
    for body in (b"\xff\xfe", b"old 0\n\n\xff\n", b"old 0\n\xff\n\n" + ONE.checkpoint(1).encode(), bytes(1000)):
        assert witness.add(body).status == 400


def test_the_longest_proof_that_may_be_is_read(witness: Running, log: Log) -> None:
    assert witness.add(log.ask(0, 1)).status == 200
    assert witness.add(log.ask(1, 2, proof=[bytes(32)] * PROOF_MAX)).status == 422


def test_a_body_that_is_too_long_or_never_ends_is_cut_off(witness: Running, log: Log) -> None:
    assert witness.add(b"x" * (BODY_MAX + 1)).status == 413
    with create_connection(("127.0.0.1", witness.port), 20) as slow:
        slow.sendall(b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: 100\r\n\r\nold ")
        # Others are served meanwhile.
        assert witness.add(log.ask(0, 1)).status == 200
        assert slow.recv(1000).startswith(b"HTTP/1.1 408")


def test_one_connection_carries_many_requests(witness: Running, log: Log) -> None:
    connection = HTTPConnection("127.0.0.1", witness.port, timeout=20)
    for size in range(1, 6):
        connection.request("POST", "/add-checkpoint", log.ask(size - 1, size))
        answer = connection.getresponse()
        assert (answer.status, answer.will_close) == (200, False)
        answer.read()
    connection.close()


def test_anybody_may_read_the_newest_cosigned_checkpoint(witness: Running, log: Log) -> None:
    path = f"/{name_of(log.origin)}/checkpoint"
    assert witness.ask("GET", path).status == 404
    first, second = (witness.add(log.ask(old, size)).body for old, size in ((0, 2), (2, 5)))
    assert first != second
    assert witness.ask("GET", path).body == log.checkpoint(5) + second
    assert witness.ask("HEAD", path).status == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        *(("GET", "/add-checkpoint", 405), ("PUT", "/add-checkpoint", 405), ("GET", "/", 404), ("POST", "/", 404)),
        *(("GET", "/../key", 404), ("GET", f"/{'0' * 64}/../key", 404), ("GET", f"/{'A' * 64}/checkpoint", 404)),
        *(("POST", f"/{'0' * 64}/checkpoint", 404), ("GET", f"/{'0' * 64}/checkpoint", 404), ("GET", "/key", 404)),
    ],
)
def test_there_is_nothing_else(witness: Running, method: str, path: str, status: int) -> None:
    assert witness.ask(method, path).status == status
