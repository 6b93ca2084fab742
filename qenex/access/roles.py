"""The roles that ship: each a group, declared here and nowhere else."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import combinations
from typing import Any

from django.contrib.auth.models import Group, Permission
from django.db.models import F, Value
from django.db.models.functions import Concat
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from qenex.kernel import events, transactions

LOOK = tuple(
    f"ledger.view_{model}" for model in ("account", "asset", "book", "hold", "journal", "rolelimit", "transfer")
)
"""Reading the ledger."""
MOVING = frozenset(
    f"ledger.{name}" for name in ("post_transfer", "post_journal", "post_exchange", "reverse_journal", "resolve_hold")
)
"""What moves money."""
DECIDE = ("access.view_approval", "access.check_approval")
"""Being the second person for what one's own permissions allow: an approval takes those of the command besides."""


@dataclass(frozen=True, slots=True)
class Role:
    """A group that ships: its name, and what it is for in the words of staff."""

    name: str
    title: str | Promise
    description: str | Promise
    permissions: tuple[str, ...]
    """As `app.codename`; `*` stands for any text. What no installed app has is left out."""

    def granted(self, known: Iterable[str]) -> frozenset[str]:
        """Those of the known permissions that the role has."""
        return frozenset(name for name in known if any(fnmatchcase(name, wanted) for wanted in self.permissions))

    def absent(self, known: Collection[str]) -> list[str]:
        """What the role is to have once an app brings it."""
        return [wanted for wanted in self.permissions if not any(fnmatchcase(name, wanted) for name in known)]


_SHIPPED = (
    Role(
        "teller",
        _("Teller"),
        _("Serves customers: looks at accounts and posts single payments, up to the limits of the role."),
        (
            *("ledger.view_account", "ledger.view_asset", "ledger.view_book", "ledger.view_hold"),
            *("ledger.view_transfer", "ledger.post_transfer", "access.view_approval"),
        ),
    ),
    Role(
        "operations",
        _("Operations"),
        _("Keeps the books: opens and changes accounts, writes and reverses journals, posts and voids holds."),
        (
            *(*LOOK, *DECIDE, "kernel.view_event", "ledger.add_account", "ledger.change_account"),
            *("ledger.post_transfer", "ledger.post_journal", "ledger.reverse_journal", "ledger.resolve_hold"),
        ),
    ),
    Role(
        "risk-analyst",
        _("Risk analyst"),
        _("Watches what moves: sets and removes limits, works on alerts and cases. Moves nothing."),
        (
            *(*LOOK, *DECIDE, "kernel.view_event", "ledger.add_rolelimit", "ledger.delete_rolelimit"),
            *("risk.view_*", "risk.change_alert", "risk.add_case", "risk.change_case", "risk.add_rule"),
            *("risk.change_rule", "risk.promote_model"),
        ),
    ),
    Role(
        "compliance-officer",
        _("Compliance officer"),
        _("Keeps the house to its rules: says what takes two people, screens parties, files reports. Moves nothing."),
        (
            # Not the administrator: whoever names the checkers of money must not be able to make himself one.
            *("access.view_approvalpolicy", "access.add_approvalpolicy", "access.change_approvalpolicy"),
            *(*LOOK, *DECIDE, "kernel.view_event", "compliance.view_*", "compliance.add_party"),
            *("compliance.change_party", "compliance.change_screeninghit", "compliance.file_report"),
            *("compliance.add_legalhold", "compliance.lift_legalhold", "compliance.erase_subject", "risk.view_*"),
            *("compliance.export_subject", "compliance.reveal_event"),
            *("compliance.change_retentionrule", "compliance.apply_retention"),
            *("compliance.run_trailcheck", "compliance.export_log", "compliance.close_tamperalarm"),
        ),
    ),
    Role(
        "treasurer",
        _("Treasurer"),
        _("Answers for the house's own money: books and assets, journals, exchanges and pools."),
        (
            *(*LOOK, *DECIDE, "kernel.view_event", "ledger.post_journal", "ledger.post_exchange"),
            *("ledger.add_asset", "ledger.add_book", "ledger.change_book", "ledger.reopen_period"),
            *("amm.view_*", "amm.add_pool", "amm.change_pool", "amm.add_liquidity"),
        ),
    ),
    Role(
        "auditor",
        _("Auditor"),
        _("Reads everything, verifies and exports the event log, and changes nothing."),
        ("*.view_*", "compliance.run_trailcheck", "compliance.export_log"),
    ),
    Role(
        "administrator",
        _("Administrator"),
        _("Manages people and programs: users, roles, books in reach, sessions, keys. Has no hand in money."),
        (
            *("auth.view_user", "auth.add_user", "auth.change_user", "kernel.view_event"),
            *("auth.view_group", "auth.add_group", "auth.change_group", "auth.delete_group"),
            *("access.view_bookscope", "access.change_bookscope"),
            *("access.view_staffsession", "access.end_staffsession"),
            *("access.view_failures", "access.lift_failures"),
            *("access.view_apikey", "access.add_apikey", "access.change_apikey", "access.delete_apikey"),
            *("access.view_tokenfamily", "access.end_tokenfamily", "access.view_approvalpolicy", *DECIDE),
            "vault.view_signingkey",
        ),
    ),
)

ROLES: Mapping[str, Role] = {role.name: role for role in _SHIPPED}
"""Every role that ships, by the name of its group."""

_APART = (
    ("auditor", ROLES.keys() - {"auditor"}),
    ("administrator", ROLES.keys() - {"administrator"}),
    ("risk-analyst", {"teller", "operations", "treasurer"}),
    ("compliance-officer", {"teller", "operations", "treasurer"}),
    ("treasurer", {"teller", "operations"}),
)
APART: frozenset[frozenset[str]] = frozenset(frozenset((one, other)) for one, others in _APART for other in others)
"""Pairs of roles that one person must not have together."""


def conflicts(names: Iterable[str]) -> list[tuple[str, str]]:
    """The pairs among these roles that one person must not have together."""
    return [pair for pair in combinations(sorted(set(names)), 2) if frozenset(pair) in APART]


def known_permissions() -> dict[str, Permission]:
    """Every permission in the database, by its full name. One query."""
    name = Concat(F("content_type__app_label"), Value("."), F("codename"))
    return {permission.full_name: permission for permission in Permission.objects.annotate(full_name=name)}


def role_sync(*, role: Role, known: Mapping[str, Permission]) -> dict[str, Any]:
    """Gives the role's group just the role's permissions, and returns what was changed: nothing on the second time.

    What was edited in the shipped group is undone, and the event says so.
    """

    def command() -> dict[str, Any]:
        group, created = Group.objects.get_or_create(name=role.name)
        before = frozenset(_names(group))
        wanted = role.granted(known)
        if created or before != wanted:
            group.permissions.set([known[name] for name in wanted])
            events.emit(
                "access.role.created" if created else "access.role.reset",
                subject_type="role",
                subject_id=group.pk,
                data={"role": role.name},
                changes={"permissions": (sorted(before), sorted(wanted))},
            )
        return {"created": created, "given": sorted(wanted - before), "taken": sorted(before - wanted)}

    return transactions.run(command)


def _names(group: Group) -> Iterable[str]:
    pairs = group.permissions.values_list("content_type__app_label", "codename")
    return (f"{app}.{codename}" for app, codename in pairs)
