"""Making a key with a scope that writes, as a command that may take two people.

Who approves it makes a key without a secret, which waits for its owner to collect one.
"""

from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.utils.translation import gettext, gettext_lazy

from qenex.access import approvals
from qenex.access.apikeys.errors import ApiKeyError, KeyInvalid
from qenex.access.apikeys.services import CREATE, make, wait
from qenex.access.apikeys.terms import Terms, checked
from qenex.access.approvals.registry import Difference, Payload
from qenex.access.models import ApiKey
from qenex.access.scopes import catalog
from qenex.kernel.transactions import run

PERMISSION = "access.add_apikey"


class KeyRefused(ApiKeyError):
    """The terms of an approved key do not hold any more."""

    code = "invalid"


def _terms(payload: Payload) -> tuple[User, Terms]:
    terms = Terms.read(payload)
    owner = User.objects.filter(pk=terms.owner).first()
    try:
        if owner is None:
            raise KeyInvalid("owner", "The owner is not there any more.")
        given: dict[str, Any] = {name: getattr(terms, name) for name in ("name", "scopes", "books", "cidrs")}
        return owner, checked(owner=owner, expires_at=terms.expires_at, **given)
    except KeyInvalid as error:
        raise KeyRefused(str(error)) from None


def describe(payload: Payload) -> Difference:
    """What the key will be, for whoever decides. Raises KeyRefused."""
    owner, terms = _terms(payload)
    names = dict(catalog()) if terms.books else {}
    books = ", ".join(names.get(book, str(book)) for book in terms.books) or gettext("all that the owner reaches")
    facts = [
        (gettext("Owner"), owner.get_username()),
        (gettext("Scopes"), ", ".join(terms.scopes)),
        (gettext("Books"), books),
        (gettext("Networks"), ", ".join(terms.cidrs) or gettext("everywhere")),
        (gettext("Expires"), terms.expires_at.isoformat() if terms.expires_at else gettext("never")),
    ]
    return Difference(gettext("Make the API key %(name)s") % {"name": terms.name}, facts=facts)


def _reference(key: ApiKey) -> str:
    return key.key_id


@approvals.command(
    CREATE,
    label=gettext_lazy("Make an API key that may write"),
    permission=PERMISSION,
    describe=describe,
    result=_reference,
    refusals=(KeyRefused,),
)
def execute(payload: Payload) -> ApiKey:
    """Makes the key of the payload, without a secret. Raises KeyRefused and ApprovalRequired."""
    _, terms = _terms(payload)

    def command() -> ApiKey:
        approvals.demand(CREATE, payload)
        return make(UUID(payload["id"]), payload["key_id"], terms, wait)

    return run(command)
