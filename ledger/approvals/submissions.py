"""Transfers as the payload of an approval, and back: what is approved is what is submitted, field by field."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any
from uuid import UUID

import msgspec

from ledger.domain.drafts import Drafts, Journal, Kind, TransferDraft
from qenex.access.approvals import ApprovalRequired
from qenex.access.approvals import payload as payloads
from qenex.kernel.money import SCALE, format_units, parse

TRANSFER = "ledger.transfer.post"
HOLD = "ledger.hold.post"
JOURNAL = "ledger.journal.post"
EXCHANGE = "ledger.exchange.post"
REVERSAL = "ledger.journal.reverse"
POSTING = (TRANSFER, HOLD, JOURNAL, EXCHANGE, REVERSAL)
_OF_JOURNAL = {"entry": JOURNAL, "exchange": EXCHANGE, "reversal": REVERSAL}
_OF_KIND = {Kind.POSTED: TRANSFER, Kind.HOLD: TRANSFER, Kind.HOLD_POST: HOLD, Kind.REVERSAL: REVERSAL}


def command_of(drafts: Drafts, journal: Journal | None) -> str:
    """The command that submits these transfers; empty where nobody can ask for them together."""
    if journal is not None:
        return _OF_JOURNAL[journal.kind]
    return _OF_KIND.get(drafts[0].kind, "") if len(drafts) == 1 else ""


def commands_in(draft: TransferDraft, journal: Journal | None) -> Iterable[str]:
    """The commands whose policies count for one of the transfers: its own, and that of its journal."""
    own = _OF_KIND.get(draft.kind, "")
    return {own} if journal is None else {own, _OF_JOURNAL[journal.kind]}


def document(book: UUID, drafts: Drafts, journal: Journal | None) -> dict[str, Any]:
    """The transfers as plain values."""
    head = None if journal is None else msgspec.structs.asdict(journal)
    return {"book": str(book), "journal": head, "transfers": [_written(draft) for draft in drafts]}


def read(payload: Mapping[str, Any]) -> tuple[UUID, list[TransferDraft], Journal | None]:
    """The book, the transfers and the journal of a stored payload."""
    head = payload["journal"]
    journal = None if head is None else msgspec.convert(head, Journal)
    return UUID(payload["book"]), [_read(each) for each in payload["transfers"]], journal


def digest(book: UUID, drafts: Drafts, journal: Journal | None) -> bytes:
    """What an approval of just these transfers would have as its hash."""
    stored = payloads.encode(document(book, drafts, journal))
    return payloads.digest(command_of(drafts, journal), stored)


def needed(book: UUID, drafts: Drafts, journal: Journal | None) -> ApprovalRequired:
    """What to raise where a second person must approve these transfers."""
    return ApprovalRequired(
        command_of(drafts, journal),
        document(book, drafts, journal),
        book=book,
        key=str(journal.id if journal else drafts[0].id),
        reason=journal.description if journal else "",
    )


def _written(draft: TransferDraft) -> dict[str, Any]:
    fields = msgspec.structs.asdict(draft)
    return {**fields, "kind": draft.kind.name.lower(), "amount": format_units(draft.amount, 0)}


def _read(fields: Mapping[str, Any]) -> TransferDraft:
    ids = {name: fields[name] and UUID(fields[name]) for name in ("debit_account", "credit_account", "origin")}
    return TransferDraft(
        **{
            **fields,
            **ids,
            "id": UUID(fields["id"]),
            "kind": Kind[fields["kind"].upper()],
            "amount": parse(fields["amount"], SCALE),
            "value_date": fields["value_date"] and date.fromisoformat(fields["value_date"]),
        }
    )
