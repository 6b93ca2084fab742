"""Passwords are hashed few at a time, and whoever comes when too many wait is turned away at once."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.hashers import check_password, get_hasher, identify_hasher, make_password
from django.test import Client

from qenex.access import hashing
from qenex.access.hashing import Argon2id, Gate, Overloaded
from qenex.kernel import problems
from tests.support.people import PASSWORD, make_user


def test_hashes_are_argon2id_with_nineteen_mebibytes_and_two_passes() -> None:
    encoded = make_password("correct horse")
    assert encoded.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")
    assert check_password("correct horse", encoded)
    assert not check_password("wrong horse", encoded)
    assert isinstance(identify_hasher(encoded), Argon2id)


def test_a_hash_with_other_costs_is_made_anew_at_the_next_sign_in() -> None:
    old = Argon2id()
    old.memory_cost = 8 * 1024
    encoded = old.encode("correct horse", "saltsaltsalt")
    renewed: list[str] = []
    assert check_password("correct horse", encoded, renewed.append)
    assert renewed == ["correct horse"]
    assert get_hasher().must_update(encoded)


def test_few_are_in_the_gate_at_once_some_wait_and_the_others_are_turned_away() -> None:
    gate, inside, most, turned = Gate(2, 3, 5), 0, 0, 0
    lock, start = threading.Lock(), threading.Barrier(12)

    def work() -> None:
        nonlocal inside, most, turned
        start.wait()
        try:
            with gate():
                with lock:
                    inside += 1
                    most = max(most, inside)
                time.sleep(0.05)
                with lock:
                    inside -= 1
        except Overloaded:
            with lock:
                turned += 1

    with ThreadPoolExecutor(12) as pool:
        for future in [pool.submit(work) for _ in range(12)]:
            future.result()
    assert most == 2
    assert turned == 12 - 5
    with gate():
        pass  # everything was given back


def test_who_waits_too_long_is_turned_away_too() -> None:
    gate = Gate(1, 1, 0.02)
    with gate(), pytest.raises(Overloaded), gate():
        raise AssertionError
    with gate():
        pass


def test_a_flood_is_told_to_come_back_and_learns_nothing(database: None, monkeypatch: pytest.MonkeyPatch) -> None:
    full = Gate(1, 0, 0.01)
    monkeypatch.setattr(hashing, "gate", full)
    user = make_user()
    with full():
        answers = [
            Client(REMOTE_ADDR="198.51.100.77").post("/admin/login/", {"username": name, "password": PASSWORD})
            for name in (user.username, "nobody at all")
        ]
    assert [(each.status_code, each["Retry-After"]) for each in answers] == [(503, "5"), (503, "5")]
    assert all("it was not looked at" in each.text for each in answers)


def test_the_api_has_a_problem_for_it() -> None:
    problem = problems.of(Overloaded())
    assert problem is not None
    assert (problem.kind.code, problem.kind.status, problem.headers) == ("too_many_sign_ins", 503, {"Retry-After": "5"})
