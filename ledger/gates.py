"""What other apps may say about a transfer before it is posted, and the limits that the ledger itself enforces.

`settings.LEDGER_GATES` names classes; each is asked once a batch, inside the transaction and under the book's lock, so
that what it reads is what will be committed.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from functools import cache
from typing import NamedTuple, Protocol
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.utils.module_loading import import_string

from ledger.domain.drafts import TransferDraft
from ledger.models import RoleLimit
from qenex.kernel.context import Context
from qenex.kernel.money import format_units, from_decimal


class Decision(Enum):
    """A gate's answers besides letting a transfer go on, the milder one first."""

    HOLD = "hold"
    REFUSE = "refuse"


class Verdict(NamedTuple):
    """A decision and the reason that staff and the client will read."""

    decision: Decision
    reason: str


class Facts(NamedTuple):
    """What gates judge: one caller's new transfers, and the assets of their accounts."""

    book: UUID
    drafts: Sequence[TransferDraft]
    assets: Sequence[UUID | None]
    """The asset of each transfer's debit account; none where there is no such account."""
    context: Context


class Gate(Protocol):
    """An app's answer to a batch of transfers."""

    def judge(self, facts: Facts) -> Mapping[int, Verdict]:
        """The verdicts on those transfers, by position, that are not simply allowed."""
        ...


@cache
def gates() -> tuple[Gate, ...]:
    """The gates that the settings name."""
    return tuple(import_string(path)() for path in settings.LEDGER_GATES)


def judge(facts: Facts) -> dict[int, Verdict]:
    """The strictest verdict on each transfer that some gate did not allow."""
    verdicts: dict[int, Verdict] = {}
    for gate in gates():
        for position, verdict in gate.judge(facts).items():
            if position not in verdicts or verdict.decision is Decision.REFUSE:
                verdicts[position] = verdict
    return verdicts


class Limits:
    """Per-account and per-role maximums: a larger transfer is held for somebody to post, or refused."""

    def judge(self, facts: Facts) -> Mapping[int, Verdict]:
        """Compares each transfer with the limits of the acting user's roles and of the credited account."""
        limits = list(self._limits(facts))
        if not limits:
            return {}
        verdicts = {}
        for position, (draft, asset) in enumerate(zip(facts.drafts, facts.assets, strict=True)):
            broken = [limit for limit in limits if self._exceeds(draft, asset, limit)]
            if broken:
                verdicts[position] = self._verdict(broken)
        return verdicts

    @staticmethod
    def _limits(facts: Facts) -> Iterable[RoleLimit]:
        roles = Q(role__user=facts.context.actor_id) if facts.context.actor_id is not None else Q()
        applies = Q(account__book_id=facts.book) | (roles & Q(role__isnull=False) if roles else Q(pk=None))
        return RoleLimit.objects.filter(applies).distinct()

    @staticmethod
    def _exceeds(draft: TransferDraft, asset: UUID | None, limit: RoleLimit) -> bool:
        if limit.asset_id is not None and limit.asset_id != asset:
            return False
        if limit.account_id is not None and limit.account_id not in (draft.debit_account, draft.credit_account):
            return False
        return draft.amount > from_decimal(limit.maximum)

    @staticmethod
    def _verdict(broken: Sequence[RoleLimit]) -> Verdict:
        refusing = [limit for limit in broken if limit.verdict == Decision.REFUSE.value]
        strictest = min(refusing or broken, key=lambda limit: limit.maximum)
        whose = "account" if strictest.account_id else "role"
        maximum = format_units(from_decimal(strictest.maximum))
        return Verdict(Decision(strictest.verdict), f"more than the {whose}'s limit of {maximum}")
