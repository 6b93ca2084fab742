"""The gates behind every door: transfers that take a second person, and holds that take another one."""

import json
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg import sql

from ledger.approvals.submissions import POSTING, commands_in, digest
from ledger.domain.drafts import Kind, TransferDraft
from ledger.gates import Decision, Facts, Gate, Verdict
from ledger.models import Transfer
from qenex.access import approvals
from qenex.access.models import ApprovalPolicy
from qenex.kernel.models import Event
from qenex.kernel.money import to_decimal

_ACTING = (Kind.HOLD_POST, Kind.REVERSAL)
Amount = tuple[UUID, Decimal]


class SecondPerson(Gate):
    """What a policy wants a second person for is stopped, unless just that was approved and is being carried out."""

    concerns = sql.SQL("EXISTS (SELECT FROM access_approvalpolicy WHERE active AND command = ANY({}))").format(
        sql.Literal(list(POSTING))
    )

    def __init__(self) -> None:
        self._policies: dict[UUID, list[ApprovalPolicy]] = {}

    def judge(self, facts: Facts) -> Mapping[int, Verdict]:
        """Compares each transfer with the policies of its command and of its journal's."""
        policies = [] if approvals.exempt(facts.context) else self._of_book(facts.book)
        if not policies:
            return {}
        origins = _origins(facts.drafts, policies)
        asked = [
            position for position, draft in enumerate(facts.drafts) if self._asked(facts, draft, policies, origins)
        ]
        if not asked or approvals.permitted(digest(facts.book, facts.drafts, facts.journal)):
            return {}
        return {position: Verdict(Decision.APPROVAL, "") for position in asked}

    def _of_book(self, book: UUID) -> list[ApprovalPolicy]:
        if book not in self._policies:
            self._policies[book] = approvals.policies_of(POSTING, book)
        return self._policies[book]

    @staticmethod
    def _asked(
        facts: Facts, draft: TransferDraft, policies: Iterable[ApprovalPolicy], origins: Mapping[UUID, Amount]
    ) -> bool:
        names, amount = commands_in(draft, facts.journal), _amount(facts, draft, origins)
        amounts = [] if amount is None else [amount]
        return any(policy.command in names and approvals.asks(policy, amounts) for policy in policies)


def _amount(facts: Facts, draft: TransferDraft, origins: Mapping[UUID, Amount]) -> Amount | None:
    """Asset and amount of a transfer; what acts on another one and leaves the amount open counts as all of that."""
    if draft.kind in _ACTING and draft.origin:
        found = origins.get(draft.origin)
        return found and (found[0], to_decimal(draft.amount) if draft.amount else found[1])
    asset = facts.asset_of(draft)
    return None if asset is None else (asset, to_decimal(draft.amount))


def _origins(drafts: Iterable[TransferDraft], policies: Iterable[ApprovalPolicy]) -> dict[UUID, Amount]:
    """What the transfers act on, where a policy wants to know the amount. At most one query."""
    if not any(policy.above is not None for policy in policies):
        return {}
    ids = [draft.origin for draft in drafts if draft.kind in _ACTING and draft.origin]
    if not ids:
        return {}
    rows = Transfer.objects.filter(pk__in=ids).values_list("pk", "asset_id", "amount")
    return {id: (asset, amount) for id, asset, amount in rows}


class OwnHolds(Gate):
    """What a gate held up is not posted by the person whom it held up."""

    kinds = frozenset({Kind.HOLD_POST})

    def judge(self, facts: Facts) -> Mapping[int, Verdict]:
        """Looks who made the holds that are to be posted, and whether a gate had a hand in them."""
        actor = facts.context.authority_id
        posts = {
            position: draft.origin
            for position, draft in enumerate(facts.drafts)
            if draft.kind is Kind.HOLD_POST and draft.origin
        }
        if actor is None or not posts:
            return {}
        own = _held_up(set(posts.values()), actor)
        if not own or approvals.permitted(digest(facts.book, facts.drafts, facts.journal)):
            return {}
        return {position: Verdict(Decision.SECOND_PERSON, "") for position, hold in posts.items() if hold in own}


def _held_up(holds: set[UUID], actor: int) -> set[UUID]:
    """Those of the holds that a gate made of this person's transfers: the events say so, which nobody can edit."""
    made_in = dict(Transfer.objects.filter(pk__in=holds).values_list("pk", "event_id"))
    bodies = Event.objects.filter(pk__in=set(made_in.values())).values_list("body", flat=True)
    gated = {UUID(hold) for body in bodies for hold in _gated(json.loads(bytes(body)), actor)}
    return holds & gated


def _gated(event: dict[str, Any], actor: int) -> Iterator[str]:
    """The holds that a gate made of transfers of this person, or of those that another approved for him."""
    by = event["actor"]
    for_whom = by.get("on_behalf_of") or {"id": None}
    if actor in (by["id"], for_whom["id"]):
        yield from (hold for hold, _ in event["data"].get("held_by_gate", ()))
