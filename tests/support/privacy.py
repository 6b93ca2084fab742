"""People who have left, and the two who erase them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import transaction

from compliance.models import Erasure
from compliance.privacy.erasing import subject_erase
from qenex.access import approvals
from qenex.access.approvals import ApprovalRequired
from qenex.access.models import Approval, StaffSession
from qenex.kernel import clock, events
from qenex.kernel.context import Context, acting
from qenex.kernel.models import Event
from tests.support.marked import marked
from tests.support.people import make_user

HERE = "198.51.100.23"
LONG_AGO = timedelta(days=500)
OFFICER = ("compliance.erase_subject", "access.check_approval", "compliance.lift_legalhold")


def officer() -> User:
    """Somebody who may ask for erasures and decide about others'."""
    return make_user(permissions=OFFICER)


def leaver(**fields: Any) -> User:
    """Somebody who has left long ago, with a name and an address."""
    names = {"first_name": "Annegret", "last_name": "Zwickmeier", "email": "annegret@zwickmeier.example"}
    return make_user(**{"is_active": False, **names, "date_joined": clock.now() - LONG_AGO, **fields})


def session(user: User, **fields: Any) -> StaffSession:
    """A session of that time, which nobody has ended."""
    then = clock.now() - LONG_AGO
    with marked():
        return StaffSession.objects.create(
            **{"user": user, "key_hash": uuid4().hex, "created_at": then, "last_seen_at": then, **fields}
        )


def subject(user: User) -> str:
    """The user, as the vault names subjects."""
    return f"auth.user:{user.pk}"


def trace(user: User, **personal: Any) -> Event:
    """An event of a user, from HERE, with personal data of his own."""
    with acting(Context(user.pk, user.username, HERE, "session", "r-1")), transaction.atomic():
        id = events.emit("test.noted", subject_type="user", subject_id=user.pk, whose=subject(user), personal=personal)
    return Event.objects.get(pk=id)


@contextmanager
def by(user: User) -> Iterator[None]:
    """Acting as this user, in a request."""
    with acting(Context(user.pk, user.username, "192.0.2.9", "session", "r-2")):
        yield


def ask(user: User | str, officer: User, reason: str = "withdrawn") -> Approval:
    """The request of an officer to erase somebody."""
    with by(officer), pytest.raises(ApprovalRequired) as needed:
        subject_erase(subject=user, reason=reason)
    with by(officer):
        return approvals.request(command=needed.value.command, payload=needed.value.payload)


def erase(user: User | str) -> Erasure:
    """Erases somebody, by two officers."""
    asked = ask(user, officer())
    second = officer()
    with by(second):
        done = approvals.approve(approval=asked.pk, by=second)
    assert (done.status, done.code) == ("executed", ""), done.detail
    return Erasure.objects.get(pk=done.result)


@pytest.fixture
def erased_file(tmp_path: Path, settings: Any) -> Path:
    """Where this test's erasures are written down."""
    path = tmp_path / "private" / "erased.jsonl"
    settings.ERASED_FILE = path
    return path
