"""Staff for tests, and their browsers, signed in as everybody is: with a second factor and a live session."""

import secrets
from typing import Any
from uuid import UUID

from django.contrib.auth.models import Group, Permission, User
from django.http import HttpRequest
from django.test import Client

from qenex.access import scopes, sessions
from qenex.access.mfa import totp
from qenex.access.models import AuthenticatorApp, Method, StaffSession
from qenex.kernel import clock
from qenex.kernel.ids import uuid7
from tests.support.marked import marked

PASSWORD = "correct horse battery"


def make_user(
    name: str | None = None,
    *,
    roles: tuple[str, ...] = (),
    superuser: bool = False,
    books: tuple[UUID, ...] = (),
    permissions: tuple[str, ...] = (),
    **fields: Any,
) -> User:
    """A member of the staff of a name that nobody had before, with these roles (groups by name) and permissions."""
    with marked():
        user = User.objects.create(
            **{"username": name or f"u{uuid7().hex}", "is_staff": True, "is_superuser": superuser, **fields}
        )
        for role in roles:
            user.groups.add(Group.objects.get(name=role))
        for permission in permissions:
            app, codename = permission.split(".")
            user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    if books:
        scopes.scope_set(user=user, books=books)
    return user


def with_password(user: User, password: str = PASSWORD) -> User:
    """The user, with a password."""
    user.set_password(password)
    with marked():
        user.save(update_fields=["password"])
    return user


def with_app(user: User) -> AuthenticatorApp:
    """An authenticator app that the user has set up long ago."""
    app = AuthenticatorApp(user=user, name="", created_at=clock.now())
    app.secret = secrets.token_bytes(totp.SECRET_BYTES)
    with marked():
        app.save(force_insert=True)
    return app


def code(app: AuthenticatorApp, steps: int = 0) -> str:
    """What the app shows now, or so many steps later."""
    assert app.secret is not None
    return totp.code_at(app.secret, totp.step_at(clock.now().timestamp()) + steps)


def staff_client(user: User, *, stepped_up: bool = True, verified: bool = True, **options: Any) -> Client:
    """The browser of somebody who has signed in with a second factor; `options` go to Django's Client."""
    client = Client(**options)
    sign_in(client, user, stepped_up=stepped_up, verified=verified)
    return client


def sign_in(client: Client, user: User, *, stepped_up: bool = True, verified: bool = True) -> StaffSession:
    """Signs a user in within the client, and returns the session."""
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    key = client.session.session_key
    assert key is not None
    session = sessions.session_open(user=user, key=key, address="127.0.0.1", user_agent="a test")
    if verified:
        sessions.session_verify(session=session, method=Method.PASSKEY, key=key)
        if not stepped_up:
            with marked():
                StaffSession.objects.filter(pk=session.pk).update(stepped_up_at=clock.now() - sessions.IDLE)
    return session


def staff_request(user: User, *, stepped_up: bool = True) -> HttpRequest:
    """A request of a signed-in member of the staff, for functions that take one."""
    request = HttpRequest()
    request.user = user
    session = sign_in(Client(), user, stepped_up=stepped_up)
    session.refresh_from_db()
    request.staff_session = session  # type: ignore[attr-defined]  # the middleware's
    return request
