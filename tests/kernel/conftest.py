"""People and clients of the kernel's tests."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from qenex.kernel.ids import uuid7
from tests.support.marked import marked
from tests.support.tokens import bearer

NewUser = Callable[..., User]


def make_user(*permissions: str, **fields: object) -> User:
    """A user of a name that nobody had before, with these permissions."""
    with marked():
        user = User.objects.create(username=f"u{uuid7().hex}", **fields)
        for name in permissions:
            app, codename = name.split(".")
            user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    return user


def token_client(user: User, **defaults: str) -> Client:
    """A client that shows the user's token."""
    return Client(headers={"Authorization": f"Bearer {bearer(user)}", **defaults}, raise_request_exception=False)


@pytest.fixture
def auditor(database: None) -> User:
    """Somebody who may look at events."""
    return make_user("kernel.view_event")


@pytest.fixture
def api(auditor: User) -> Client:
    """The auditor's client, with a token."""
    return token_client(auditor)
