"""What a key may be for: permissions by name, and sets of them that have a name of their own."""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

from django.utils.translation import gettext_lazy as _

NAMED: Mapping[str, tuple[str, ...]] = {
    "read": ("*.view_*",),
    "transfers": ("ledger.post_transfer",),
    "holds": ("ledger.post_transfer", "ledger.resolve_hold"),
    "journals": ("ledger.post_journal", "ledger.reverse_journal", "ledger.post_exchange"),
    "accounts": ("ledger.add_account", "ledger.change_account"),
}
"""Names without a dot, which permissions always have. `*` stands for any text."""
DESCRIBED = {
    "read": _("Look at everything that the owner may look at"),
    "transfers": _("Post transfers"),
    "holds": _("Post transfers, and post or void holds"),
    "journals": _("Post and reverse journals, post exchanges"),
    "accounts": _("Open and change accounts"),
}
PEOPLES = ("auth", "access")
"""Apps in which a key may only look: who may do what is for people to change, and one program is no second person."""


def covers(scopes: Iterable[str], permission: str) -> bool:
    """Whether one of the scopes names the permission."""
    if not grantable(permission):
        return False
    return any(fnmatchcase(permission, each) for scope in scopes for each in NAMED.get(scope, (scope,)))


def grantable(permission: str) -> bool:
    """Whether any key may have the permission."""
    app, _, name = permission.partition(".")
    return app not in PEOPLES or name.startswith("view_")


def writes(scopes: Iterable[str]) -> bool:
    """Whether the scopes allow more than to look."""
    return any("view_" not in each for scope in scopes for each in NAMED.get(scope, (scope,)))
