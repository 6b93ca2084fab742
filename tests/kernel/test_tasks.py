"""Old answers are forgotten, young ones are not."""

from datetime import timedelta

import pytest

from qenex.kernel import clock, tasks
from qenex.kernel.ids import uuid7
from qenex.kernel.models import IdempotencyKey


def _keys(actor: str, days: float, count: int) -> None:
    made = clock.now() - timedelta(days=days)
    IdempotencyKey.objects.bulk_create(
        IdempotencyKey(actor=actor, key=str(uuid7()), fingerprint=b"f", status=201, body=b"{}", created_at=made)
        for _ in range(count)
    )


def test_answers_are_kept_for_thirty_days(database: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "BATCH", 3)
    actor = str(uuid7())
    _keys(actor, 30.01, 7)
    _keys(actor, 29.99, 2)
    assert tasks.idempotency_prune() == 7
    assert IdempotencyKey.objects.filter(actor=actor).count() == 2
    assert tasks.idempotency_prune() == 0
