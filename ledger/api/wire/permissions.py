"""What it takes to post transfers."""

from collections.abc import Iterable

from ledger.domain.drafts import Kind, TransferDraft

POST = "ledger.post_transfer"
RESOLVE = "ledger.resolve_hold"


def permissions(drafts: Iterable[TransferDraft]) -> set[str]:
    """The permissions that these transfers need: a gate's hold is not to be posted by whoever it held up."""
    kinds = [draft.kind for draft in drafts]
    return {POST, RESOLVE} if Kind.HOLD_POST in kinds or Kind.HOLD_VOID in kinds else {POST}
