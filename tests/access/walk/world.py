"""One object of everything, for the addresses that need one."""

import tempfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.test.utils import override_settings

from compliance.checking import check_fail, check_request
from compliance.models import Checkpoint, Erasure
from compliance.privacy.holds import hold_place
from ledger import services
from ledger.models import Book, Hold, Journal, RoleLimit, Transfer
from qenex.access import approvals, lockout
from qenex.access.models import ApprovalPolicy, Failures, StaffSession
from qenex.access.tokens import family_start
from qenex.kernel import clock
from qenex.kernel.context import Context, acting
from qenex.kernel.models import Event
from qenex.vault import signing
from qenex.vault.models import SigningKey
from tests.access.walk.addresses import Address
from tests.support import alarms, trail
from tests.support.ledger import Shop, give, hold, make_shop, post
from tests.support.marked import marked
from tests.support.people import make_user, staff_client
from tests.support.signing import make_program

NOUNS = {
    "books": "ledger.book",
    "assets": "ledger.asset",
    "accounts": "ledger.account",
    "transfers": "ledger.transfer",
    "journals": "ledger.journal",
    "holds": "ledger.hold",
    "limits": "ledger.rolelimit",
    "events": "kernel.event",
    "approvals": "access.approval",
}
"""The API's words for the models."""
NOBODY = UUID(int=7)


FIXED: dict[str, Callable[[], Any]] = {
    "code": lambda: "not_found",
    "app_label": lambda: "ledger",
    "url": lambda: "nothing/",
    "rest": lambda: "nothing",
    "path": lambda: "0/000.p/1",
    "content_type_id": lambda: ContentType.objects.get_for_model(Book).pk,
}
"""What stands for the parameters that name no object."""


class World:
    """A book with one of everything in it, and people to be managed."""

    def __init__(self) -> None:
        self.shop = make_shop(3, funds="100")
        one, two, _ = self.shop.customers
        services.journal_post(book=self.shop.book, transfers=[give(one, two, 1)], reference=f"ref-{one.pk}")
        post(self.shop.book, hold(one, two, 5))
        self.made: dict[str, Any] = _of_book(self.shop) | _of_people()
        self.made |= _of_privacy() | _of_trail()
        self.made["access.approval"] = _approval(self.shop)
        signing.signer("tokens")
        self.made["vault.signingkey"] = SigningKey.objects.filter(purpose="tokens")[0].pk
        self.made["access.approvalpolicy"] = ApprovalPolicy.objects.filter(active=False)[0].pk

    @property
    def book(self) -> Book:
        """The book."""
        return self.shop.book

    def path(self, address: Address) -> str:
        """The address with this world's objects in it."""
        route = address.route.partition(" ")[0]
        for name in address.names:
            start, _, rest = route.partition("<")
            route = start + str(self._value(address, name)) + rest.partition(">")[2]
        return f"/{route}"

    def object_of(self, address: Address) -> Any:
        """The object that the address is about; none where it is about none, or one that is not made here."""
        model = model_of(address)
        if model == "ledger.rolelimit" and not RoleLimit.objects.filter(pk=self.made[model]).exists():
            self.made[model] = _limit(self.shop).pk  # somebody who was walked as has removed the one before
        return self.made.get(model) if model else None

    def lacks(self, address: Address) -> bool:
        """Whether the address is about an object of which there is none here."""
        wanted = set(address.names) - FIXED.keys()
        return bool(wanted) and model_of(address) is not None and self.object_of(address) is None

    def _value(self, address: Address, name: str) -> Any:
        if name in FIXED:
            return FIXED[name]()
        found = self.object_of(address)
        return NOBODY if found is None else found


class Nowhere(World):
    """A world in which nothing was ever made: its ids are made up."""

    def __init__(self) -> None:
        self.made = {}

    def object_of(self, address: Address) -> UUID:
        """An id that nobody has."""
        return NOBODY


def model_of(address: Address) -> str | None:
    """The model, as `app.model`, of whose objects the address speaks."""
    steps = address.route.split("/")
    if steps[0] == "admin" and len(steps) > 3 and "<" not in steps[1] + steps[2]:
        return f"{steps[1]}.{steps[2]}"
    return NOUNS.get(steps[2]) if len(steps) > 2 else None


def _of_book(shop: Shop) -> dict[str, Any]:
    book = shop.book.pk
    limit = _limit(shop)
    return {
        "ledger.book": book,
        "ledger.asset": shop.asset.pk,
        "ledger.account": shop.customers[0].pk,
        "ledger.transfer": Transfer.objects.filter(book_id=book)[0].pk,
        "ledger.journal": Journal.objects.get(book_id=book).pk,
        "ledger.hold": Hold.objects.get(book_id=book).pk,
        "ledger.rolelimit": limit.pk,
        "kernel.event": Event.objects.filter(book_id=book)[0].pk,
    }


def _limit(shop: Shop) -> RoleLimit:
    return services.limit_create(account=shop.customers[0], maximum=Decimal(50), asset=shop.asset)


def _approval(shop: Shop) -> UUID:
    """A request of somebody else's."""
    payload = {"book": str(shop.book.pk), "version": 1, "changes": {"name": f"ref-{shop.customers[0].pk}"}}
    asking = make_user(permissions=("ledger.change_book",))
    with acting(Context(actor_id=asking.pk, actor=asking.username, method="session")):
        return approvals.request(command="ledger.book.update", payload=payload, book=shop.book.pk).pk


def _failures() -> Any:
    lockout.failed(lockout.Client("nobody", "203.0.113.7"), stage="password")
    return Failures.objects.get(ip_address="203.0.113.7").pk


def _of_privacy() -> dict[str, Any]:
    """A hold, a rule, and an erasure that waits."""
    person = make_user(is_active=False)
    with marked():
        waiting = Erasure.objects.create(subject=f"auth.user:{person.pk}", ground="withdrawn", asked_at=clock.now())
    hold = hold_place(subject=person, reason="case 1")
    return {
        "compliance.legalhold": hold.pk,
        "compliance.retentionrule": "sessions",
        "compliance.erasure": waiting.pk,
    }


def _of_trail() -> dict[str, Any]:
    """A checkpoint, a verification that has ended, and an alarm that two people have closed: an open one is seen."""
    if not Checkpoint.objects.exists():
        with tempfile.TemporaryDirectory() as folder, override_settings(TRAIL_DIR=Path(folder)):
            trail.seal()
    check, _ = check_request()
    check_fail(check=check.pk, problem="a test")
    return {
        "compliance.checkpoint": Checkpoint.objects.latest("size").pk,
        "compliance.trailcheck": check.pk,
        "compliance.tamperalarm": alarms.closed().pk,
    }


def _of_people() -> dict[str, Any]:
    person = make_user()
    staff_client(person)
    key, family = make_program(person, "read").key.pk, family_start(user=person, method="password").family
    with marked():
        group = Group.objects.create(name=f"group of {person.pk}")
    return {
        "auth.user": person.pk,
        "access.failures": _failures(),
        "auth.group": group.pk,
        "access.apikey": key,
        "security.keys": key,  # the owner's pages, which answer nobody else
        "access.tokenfamily": family,
        "security.tokens": family,
        "access.staffsession": StaffSession.objects.get(user=person).pk,
    }
