"""What other apps may say about a transfer before it is posted, and the limits that the ledger itself enforces.

`settings.LEDGER_GATES` names classes. Each is made anew for every batch, inside its transaction and under the book's
lock, so that what a gate reads is what will be committed, and what it has read serves for all callers of the batch.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from functools import cache
from typing import ClassVar, NamedTuple, Protocol
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import Group
from django.db.models import Q
from django.utils.module_loading import import_string
from psycopg import sql

from ledger.domain.drafts import Journal, Kind, TransferDraft
from ledger.models import RoleLimit
from qenex.kernel.context import Context
from qenex.kernel.money import format_units, from_decimal


class Decision(Enum):
    """A gate's answers besides letting a transfer go on, the milder one first."""

    HOLD = "hold"
    SECOND_PERSON = "second person"
    """Somebody else must do it. Stops posts of holds and reversals too."""
    APPROVAL = "approval"
    """Somebody else must approve it first. Stops posts of holds and reversals too."""
    REFUSE = "refuse"


_OF_NEW = (Decision.HOLD, Decision.REFUSE)
"""What has no effect on posts and voids of holds, and on reversals."""
_STRICT = {decision: rank for rank, decision in enumerate(Decision)}


class Verdict(NamedTuple):
    """A decision and the reason that staff and the client will read."""

    decision: Decision
    reason: str


class Facts(NamedTuple):
    """What gates judge: one caller's new transfers."""

    book: UUID
    drafts: Sequence[TransferDraft]
    asset_of: Callable[[TransferDraft], UUID | None]
    """The asset of a transfer's debit account; none where there is no such account."""
    context: Context
    journal: Journal | None = None
    """The journal that they are to make, if any."""


class Gate(Protocol):
    """An app's answer to a batch of transfers."""

    concerns: ClassVar[sql.Composable] = sql.SQL("true")
    """Whether any transfer may get a verdict at all, as an SQL condition: asked with the book's lock, once a batch."""
    kinds: ClassVar[frozenset[Kind]] = frozenset(Kind)
    """What transfers may get one: a batch without any of these is not judged."""

    def judge(self, facts: Facts) -> Mapping[int, Verdict]:
        """The verdicts on those transfers, by position, that are not simply allowed."""
        ...


@cache
def _classes(paths: tuple[str, ...]) -> tuple[Callable[[], Gate], ...]:
    return tuple(import_string(path) for path in paths)


def gates() -> list[Gate]:
    """The gates that the settings name, for one batch."""
    return [make() for make in _classes(tuple(settings.LEDGER_GATES))]


def conditions() -> bytes:
    """What the gates that the settings name concern, in the same order, as SQL."""
    return _conditions(tuple(settings.LEDGER_GATES))


@cache
def _conditions(paths: tuple[str, ...]) -> bytes:
    concerns: list[sql.Composable] = [import_string(path).concerns for path in paths]
    return sql.SQL(", ").join(concerns).as_bytes(None)


def judge(facts: Facts, asked: Iterable[Gate]) -> dict[int, Verdict]:
    """The strictest verdict on each transfer that some gate did not allow."""
    verdicts: dict[int, Verdict] = {}
    for gate in asked:
        for position, verdict in gate.judge(facts).items():
            if verdict.decision in _OF_NEW and facts.drafts[position].kind not in (Kind.POSTED, Kind.HOLD):
                continue
            if position not in verdicts or _STRICT[verdict.decision] > _STRICT[verdicts[position].decision]:
                verdicts[position] = verdict
    return verdicts


class Limits(Gate):
    """Per-account and per-role maximums: a larger transfer is held for somebody to post, or refused."""

    concerns = sql.SQL("EXISTS (SELECT FROM ledger_rolelimit)")

    def __init__(self) -> None:
        self._limits: dict[UUID, list[RoleLimit]] = {}
        self._roles: dict[int, set[int]] = {}

    def judge(self, facts: Facts) -> Mapping[int, Verdict]:
        """Compares each transfer with the limits of the acting user's roles and of its two accounts."""
        limits = [limit for limit in self._of_book(facts.book) if self._applies(limit, facts.context.authority_id)]
        if not limits:
            return {}
        verdicts = {}
        for position, draft in enumerate(facts.drafts):
            asset = facts.asset_of(draft)
            broken = [limit for limit in limits if self._exceeds(draft, asset, limit)]
            if broken:
                verdicts[position] = self._verdict(broken)
        return verdicts

    def _of_book(self, book: UUID) -> list[RoleLimit]:
        if book not in self._limits:
            applies = Q(account__book_id=book) | Q(role__isnull=False)
            self._limits[book] = list(RoleLimit.objects.filter(applies))
        return self._limits[book]

    def _applies(self, limit: RoleLimit, actor: int | None) -> bool:
        if limit.role_id is None:
            return True
        if actor is None:
            return False
        if actor not in self._roles:
            self._roles[actor] = set(Group.objects.filter(user=actor).values_list("pk", flat=True))
        return limit.role_id in self._roles[actor]

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
        maximum = format_units(from_decimal(strictest.maximum), 0)
        return Verdict(Decision(strictest.verdict), f"more than the {whose}'s limit of {maximum}")
