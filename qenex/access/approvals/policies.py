"""Changing what needs a second person, which may itself need one."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib.auth.models import Permission
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qenex.access.approvals import quorum, registry
from qenex.access.approvals.directory import asset_name, book_name
from qenex.access.approvals.policy import demand
from qenex.access.approvals.registry import Difference
from qenex.access.approvals.rules import CHECK
from qenex.access.models.approvals import ApprovalPolicy
from qenex.kernel import clock, events, problems, transactions, versions
from qenex.kernel.ids import uuid7
from qenex.kernel.problems import Fault, Problem

CHANGE = "access.policy.change"
LONGEST = timedelta(days=90)


@dataclass(frozen=True)
class Terms:
    """All that a policy says."""

    command: str
    book: UUID | None = None
    asset: UUID | None = None
    above: Decimal | None = None
    permission: str = ""
    expires_after: timedelta = timedelta(days=3)
    active: bool = True

    @classmethod
    def of(cls, policy: ApprovalPolicy) -> "Terms":
        """What a stored policy says."""
        return cls(
            *(policy.command, policy.book_id, policy.asset_id, policy.above),
            *(policy.permission, policy.expires_after, policy.active),
        )

    def document(self) -> dict[str, Any]:
        """As plain values."""
        above = None if self.above is None else f"{self.above.normalize():f}"
        return {**asdict(self), "above": above, "expires_after": int(self.expires_after.total_seconds())}

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> "Terms":
        """The other way round."""
        fields = dict(document)
        return cls(
            **fields
            | {
                "book": UUID(fields["book"]) if fields["book"] else None,
                "asset": UUID(fields["asset"]) if fields["asset"] else None,
                "above": None if fields["above"] is None else Decimal(fields["above"]),
                "expires_after": timedelta(seconds=fields["expires_after"]),
            }
        )


def policy_set(*, policy: UUID | None = None, terms: Terms, version: int | None = None) -> ApprovalPolicy:
    """Makes a policy, or changes one. A policy that is not wanted any more is made inactive.

    Raises Problem (invalid) for terms that make no sense, Stale, and ApprovalRequired.
    """
    check(terms)
    id = policy or uuid7()
    payload = {"policy": str(policy) if policy else None, "version": version, "terms": terms.document()}

    def work() -> ApprovalPolicy:
        row = ApprovalPolicy.objects.select_for_update().filter(pk=policy).first() if policy else None
        if policy and row is None:
            raise Problem(problems.NOT_FOUND)
        before = {} if row is None else Terms.of(row).document()
        if row is not None:
            versions.check(row.version, version)
        demand(CHANGE, payload)
        row = row or ApprovalPolicy(id=id, created_at=clock.now(), version=0)
        _write(row, terms)
        _tell(row, before, terms.document())
        return row

    return transactions.run(work)


def _write(row: ApprovalPolicy, terms: Terms) -> None:
    row.command, row.book_id, row.asset_id, row.above = terms.command, terms.book, terms.asset, terms.above
    row.permission, row.expires_after, row.active = terms.permission, terms.expires_after, terms.active
    row.version += 1
    row.save()


def _tell(row: ApprovalPolicy, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    changes = {name: (before.get(name), after[name]) for name in after if before.get(name) != after[name]}
    data = {"version": row.version, "created_at": row.created_at}
    events.emit(
        "access.policy.changed",
        subject_type="approval_policy",
        subject_id=row.pk,
        data=data,
        changes=changes,
        version=2,
    )


def check(terms: Terms) -> None:
    """Raises Problem (invalid) naming each of the terms that make no sense."""
    command = next((each for each in registry.commands() if each.name == terms.command), None)
    faults = [Fault("invalid", text, f"#/{name}") for name, text in _wrong(terms, command)]
    if faults:
        raise Problem(problems.INVALID, faults=faults)


def _wrong(terms: Terms, command: registry.Command | None) -> list[tuple[str, str]]:
    app, _, codename = terms.permission.partition(".")
    known = Permission.objects.filter(content_type__app_label=app, codename=codename)
    rules = [
        ("command", command is None, "There is no such command."),
        ("above", (terms.above is None) != (terms.asset is None), "An amount and its asset go together."),
        ("above", terms.above is not None and terms.above < 0, "Must not be negative."),
        ("above", bool(terms.above is not None and command and not command.measured), "This command has no amount."),
        ("permission", bool(terms.permission) and not known.exists(), "There is no such permission."),
        ("expires_after", not timedelta(0) < terms.expires_after <= LONGEST, "Must be between a second and 90 days."),
    ]
    wrong = [(name, text) for name, broken, text in rules if broken]
    return wrong or _unattended(terms)


def _unattended(terms: Terms) -> list[tuple[str, str]]:
    """What is wrong with switching on a policy that too few people could satisfy."""
    if not terms.active:
        return []
    lacking = quorum.missing(terms.command, permission=terms.permission, book=terms.book)
    text = _(
        "Fewer than two people could decide about it, and nobody decides about his own request. "
        "First give two people %(check)s and %(permission)s, and the books that it is about."
    )
    return [("active", text % {"check": CHECK, "permission": lacking})] if lacking else []


def describe(payload: Mapping[str, Any]) -> Difference:
    """What a change of a policy will do, field by field. Raises Problem and Stale."""
    terms = Terms.read(payload["terms"])
    check(terms)
    row = ApprovalPolicy.objects.filter(pk=payload["policy"]).first() if payload["policy"] else None
    if row is not None:
        versions.check(row.version, payload["version"])
    before = {} if row is None else _shown(Terms.of(row))
    after = _shown(terms)
    changes = [(name, before.get(name, ""), after[name]) for name in after if before.get(name, "") != after[name]]
    return Difference(f"Approval policy for {terms.command}", changes)


def _shown(terms: Terms) -> dict[str, str]:
    return {
        "command": terms.command,
        "book": book_name(terms.book) if terms.book else "every book",
        "asked": "always" if terms.above is None else f"above {terms.above:f} {asset_name(terms.asset)}",
        "checker's permission": terms.permission or "that of the command",
        "expires after": str(terms.expires_after),
        "active": "yes" if terms.active else "no",
    }


@registry.command(
    CHANGE,
    label=gettext_lazy("Change of an approval policy"),
    permission="access.change_approvalpolicy",
    describe=describe,
    result=lambda row: str(row.pk),
)
def _carry_out(payload: Mapping[str, Any]) -> None:
    policy_set(
        policy=UUID(payload["policy"]) if payload["policy"] else None,
        terms=Terms.read(payload["terms"]),
        version=payload["version"],
    )
