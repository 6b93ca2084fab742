"""What it takes to post transfers."""

from collections.abc import Iterable

from ledger.domain.drafts import Kind, TransferDraft

POST = "ledger.post_transfer"
RESOLVE = "ledger.resolve_hold"


def permissions(drafts: Iterable[TransferDraft]) -> set[str]:
    """The permissions that these transfers need: a gate's hold is not to be posted by whoever it held up."""
    resolving = any(draft.kind in (Kind.HOLD_POST, Kind.HOLD_VOID) for draft in drafts)
    return {POST, RESOLVE} if resolving else {POST}
