"""Transfers that nobody has posted yet."""

from collections.abc import Sequence
from uuid import UUID

import numpy as np

from ledger.domain.drafts import TransferDraft
from qenex.kernel.ids import uuid7_many
from qenex.kernel.money import UNIT

CENT = UNIT // 100
MAX_CENTS = 1_000_000


def drafts(accounts: Sequence[UUID], count: int, *, hot: bool) -> list[TransferDraft]:
    """New transfers between any two of the accounts; hot: all of them debit the first one."""
    random = np.random.default_rng()
    others = len(accounts) - 1
    debits = [0] * count if hot else random.integers(0, len(accounts), count).tolist()
    steps = random.integers(1, others + 1, count).tolist()
    cents = random.integers(1, MAX_CENTS, count).tolist()
    return [
        TransferDraft(id, accounts[debit], accounts[(debit + step) % len(accounts)], amount * CENT)
        for id, debit, step, amount in zip(uuid7_many(count), debits, steps, cents, strict=True)
    ]


def batches(accounts: Sequence[UUID], count: int, size: int, *, hot: bool) -> list[list[TransferDraft]]:
    """So many batches of new transfers."""
    return [drafts(accounts, size, hot=hot) for _ in range(count)]
