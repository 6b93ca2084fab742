"""People whose programs sign in."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.kernel.conftest import make_user
from tests.support.marked import marked

PASSWORD = "correct horse battery staple"
WHO = "/api/v1/events"
"""A route that an auditor's token opens."""


@pytest.fixture
def person(database: None) -> User:
    """Somebody with a password who may look at events."""
    user = make_user("kernel.view_event")
    user.set_password(PASSWORD)
    with marked():
        user.save(update_fields=["password"])
    return user


Ask = Callable[[str], Any]


@pytest.fixture
def ask(database: None) -> Ask:
    """Asks for events with this token: `ask(token).status_code`."""

    def get(token: str) -> Any:
        return Client(headers={"Authorization": f"Bearer {token}"}).get(WHO, {"limit": 1})

    return get


def code(answer: Any) -> tuple[int, str | None]:
    """The status and the problem's code, if it is one."""
    is_problem = answer.headers.get("Content-Type") == "application/problem+json"
    return answer.status_code, answer.json()["code"] if is_problem else None
