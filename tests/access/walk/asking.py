"""Asking for an address, and what becomes of it."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.contrib.auth.models import AnonymousUser, User
from django.test import Client, RequestFactory

from qenex.access.roles import ROLES
from tests.access.walk.addresses import ACTION, Address
from tests.access.walk.world import NOBODY, World
from tests.support.people import make_user, staff_client

YES, NO, SIGN_IN, GONE, NO_METHOD = "yes", "no", "sign-in", "404", "405"
"""Let in; refused; sent to sign in; let in, but nothing is there; let in, but there is no such method."""
_BY_STATUS = {401: SIGN_IN, 403: NO, 404: GONE, 405: NO_METHOD}

PEOPLE: dict[str, Callable[[], User | None]] = {
    "anonymous": lambda: None,
    "no role": make_user,
    **{name: lambda name=name: make_user(roles=(name,)) for name in ROLES},  # type: ignore[misc]  # its own default
    "superuser": lambda: make_user(superuser=True),
}
"""Everybody who is walked as, with how to make one."""


class Walker:
    """Somebody who asks for everything."""

    def __init__(self, user: User | None) -> None:
        self.user = user
        self.client = self._fresh()

    def _fresh(self) -> Client:
        quiet = {"raise_request_exception": False}
        return Client(**quiet) if self.user is None else staff_client(self.user, **quiet)  # type: ignore[arg-type]  # whatever the test says

    def ask(self, address: Address, world: World, query: str = "") -> Any:
        """The answer. Bodies are empty or not valid, and no key makes a command repeatable: nothing comes of them."""
        path = world.path(address) + query
        if address.route in ENDING:
            self.client = self._fresh()
        if address.method == "GET":
            return self.client.get(path)
        if address.route.startswith("api/"):
            return self.client.generic(address.method, path, "{}", "application/json")
        if address.method == ACTION:
            return self.client.post(path, {"action": address.route.partition(" ")[2], "_selected_action": [NOBODY]})
        answer = self.client.post(path, {})
        if address.route in ENDING:
            self.client = self._fresh()
        return answer

    def outcome(self, address: Address, world: World) -> str:
        """What becomes of asking."""
        answer = self.ask(address, world)
        if answer.status_code == 302 and answer["Location"].startswith(("/admin/login/", "/admin/enrol")):
            return SIGN_IN
        if address.method == ACTION and answer.status_code != 403:
            return YES if self._offered(address) else NO
        return _BY_STATUS.get(answer.status_code, YES if answer.status_code < 500 else str(answer.status_code))

    def _offered(self, address: Address) -> bool:
        _, app, model, name = address.route.split("/", 3)
        request = RequestFactory().get("/")
        request.user = self.user or AnonymousUser()
        return name.strip() in admin.site.get_model_admin(_model(app, model)).get_actions(request)


ENDING = frozenset({"admin/logout/"})
"""Addresses after which one is somebody else."""


def _model(app: str, name: str) -> Any:
    return next(each for each in admin.site._registry if (each._meta.app_label, each._meta.model_name) == (app, name))
