"""A repeated request changes nothing and gets the first answer again."""

import json
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from threading import Barrier
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client

from qenex.kernel import context, idempotency, problems, transactions
from qenex.kernel.idempotency import Answer
from qenex.kernel.idempotent import checked_key, fingerprint, owner
from qenex.kernel.ids import uuid7
from qenex.kernel.models import Event, IdempotencyKey
from tests.kernel.conftest import make_user, token_client

pytestmark = pytest.mark.urls("tests.kernel.routes")
URL = "/api/v1/test/commands"


def _post(client: Client, key: str | None, **body: Any) -> Any:
    headers = {} if key is None else {"Idempotency-Key": key}
    return client.post(URL, json.dumps(body), content_type="application/json", headers=headers)


def _events(subject: str) -> int:
    return Event.objects.filter(subject_type="test", subject_id=subject).count()


def test_the_same_request_gets_the_same_bytes_and_is_done_once(api: Client) -> None:
    subject, key = str(uuid7()), str(uuid7())
    first, second = _post(api, key, subject=subject), _post(api, key, subject=subject)
    event = Event.objects.get(subject_id=subject)
    assert (first.status_code, first.content) == (201, b'{"event":"%s"}' % str(event.id).encode())
    assert (second.status_code, second.content, second["Content-Type"]) == (201, first.content, "application/json")
    assert ("Idempotent-Replayed" in first, second["Idempotent-Replayed"]) == (False, "true")


def test_another_request_under_the_same_key_is_refused(api: Client) -> None:
    subject, key = str(uuid7()), str(uuid7())
    _post(api, key, subject=subject)
    response = _post(api, key, subject=subject, more=1)
    assert (response.status_code, response.json()["code"]) == (422, "idempotency_key_reused")
    assert _events(subject) == 1


def test_another_user_has_keys_of_their_own(api: Client) -> None:
    subject, key = str(uuid7()), str(uuid7())
    other = token_client(make_user("kernel.view_event"))
    assert [_post(client, key, subject=subject).status_code for client in (api, other)] == [201, 201]
    assert _events(subject) == 2


@pytest.mark.parametrize("how", ["fail", "refuse"])
def test_what_did_not_happen_is_not_remembered(api: Client, auditor: User, how: str) -> None:
    subject, key = str(uuid7()), str(uuid7())
    response = _post(api, key, subject=subject, **{how: True})
    assert response.status_code == {"fail": 500, "refuse": 418}[how]
    assert _events(subject) == 0
    assert not IdempotencyKey.objects.filter(actor=f"user:{auditor.pk}", key=key).exists()
    assert _post(api, key, subject=subject).status_code == 201


@pytest.mark.parametrize("key", ["", " ", "a b", "ü", "x" * 256, "a\x7f"])
def test_a_bad_key_is_refused(key: str) -> None:
    with pytest.raises(problems.Problem) as refused:
        checked_key(key)
    assert refused.value.kind.code == "idempotency_key_invalid"


def test_a_missing_key_is_refused(api: Client) -> None:
    subject = str(uuid7())
    response = _post(api, None, subject=subject)
    assert (response.status_code, response.json()["code"]) == (400, "idempotency_key_required")
    assert _events(subject) == 0


def test_the_longest_key_is_taken(api: Client) -> None:
    assert _post(api, "~" * 219 + uuid7().hex + "!!!!", subject=str(uuid7())).status_code == 201


def test_many_threads_with_one_key_do_it_once(auditor: User) -> None:
    subject, key, threads = str(uuid7()), str(uuid7()), 8
    clients = [token_client(auditor) for _ in range(threads)]
    barrier = Barrier(threads)

    def post(client: Client) -> Any:
        barrier.wait()
        try:
            return _post(client, key, subject=subject)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(threads) as pool:
        responses = list(pool.map(post, clients))
    assert {response.status_code for response in responses} == {201}
    assert len({response.content for response in responses}) == 1
    assert sum("Idempotent-Replayed" in response for response in responses) == threads - 1
    assert _events(subject) == 1


def test_the_answer_is_kept_in_the_transaction_of_the_command(database: None) -> None:
    """A crash after the command's last statement, while the answer is made, undoes both."""
    key = str(uuid7())

    def render(result: object) -> Answer:
        raise ConnectionResetError("crash")

    asked = idempotency.Request(actor="user:0", key=key, fingerprint=b"f", render=render)
    with idempotency.answering(asked), pytest.raises(ConnectionResetError):
        transactions.run(lambda: IdempotencyKey.objects.filter(key=key).exists())
    assert not IdempotencyKey.objects.filter(key=key).exists()


def test_a_command_outside_of_the_rules_is_a_defect(api: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transactions, "run", lambda command: command())
    monkeypatch.setattr("qenex.kernel.events.emit", lambda *args, **kwargs: uuid7())
    assert _post(api, str(uuid7()), subject="x").status_code == 500


def test_a_fingerprint_tells_method_path_and_body_apart() -> None:
    prints = {fingerprint(*each) for each in [("POST", "/a", b"b\n"), ("POST", "/a\nb", b""), ("PUT", "/a", b"b\n")]}
    assert len(prints) == 3
    assert fingerprint("POST", "/a", b"b") == sha256(b"POST 2:/a\nb").digest()


def test_keys_belong_to_the_users_id() -> None:
    assert owner(context.Context(actor_id=7, actor="anna")) == "user:7"
