"""The accounts of a book that are at hand: column by column for whole batches, one by one for the rules.

Most accounts' counters fit 64 bits when they are counted in the asset's smallest amount. Those stand in columns, where
a batch moves thousands of them with a few operations. Others, of 18-place tokens for instance, are Python's integers.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import repeat
from typing import NamedTuple

import numpy as np

from ledger.domain.columns import Array, ids
from ledger.domain.drafts import Drafts
from ledger.domain.state import AccountState, Counters, Plain

LIMIT = 2**60
"""Counters in columns are smaller, and so is all that one stretch of a batch moves: no sum of them leaves 64 bits."""
_NO_FLOOR = -4 * LIMIT
"""So far down that no balance reaches it, whatever holds may yet take away."""
_NUMBERS = ("quantum", "normal", "open", "asset", "floor", "debits", "credits", "debits_pending", "credits_pending")
_COUNTERS = slice(5, 9)


class Changes(NamedTuple):
    """What a batch brought to the counters of the accounts it touched, counted in each one's `quantum`."""

    ids: Array
    quantum: Array
    counters: Array
    """Four rows: debits, credits, pending debits, pending credits."""


class Accounts(Mapping[int, AccountState]):
    """Accounts by their ids as integers, and what became of them since `begin`."""

    def __init__(self, states: Iterable[AccountState] = ()) -> None:
        self.slots: dict[int, int] = {}
        """Where in the columns an account stands, if it does."""
        self._fresh = np.empty(0, bool)
        """False where counters may have moved elsewhere: such an account is not at hand until `renew`."""
        self.assets: dict[bytes, int] = {}
        self._static: list[tuple[bytes, bytes, int | None, str]] = []
        self._ids = np.empty(0, "V16")
        self._numbers = np.empty((len(_NUMBERS), 0), np.int64)
        self._wide: dict[int, AccountState] = {}
        self._out: dict[int, AccountState] = {}
        """Those in columns that are being looked at singly: until `settle`, they are as these say."""
        self.begin()
        self.add(states)

    def begin(self) -> None:
        """What becomes of the accounts is noted from here."""
        self._noted = np.zeros(self._numbers.shape[1], bool)
        self._before: list[tuple[Array, Array]] = []
        self._wide_before: dict[int, Plain] = {}

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __iter__(self) -> Iterator[int]:
        yield from [key for key, slot in self.slots.items() if self._fresh[slot]]
        yield from list(self._wide)

    def __contains__(self, key: object) -> bool:
        slot = self.slots.get(key, -1) if isinstance(key, int) else -1
        return bool(slot >= 0 and self._fresh[slot]) or key in self._wide

    def __getitem__(self, key: int) -> AccountState:
        """One account, to be looked at or moved by itself."""
        state = self._out.get(key)
        if state is not None:
            return state
        slot = self.slots.get(key)
        if slot is None or not self._fresh[slot]:
            state = self._wide[key]
            self._wide_before.setdefault(key, state.counters())
            return state
        self.note(np.array([slot]))
        state = self._out[key] = self._state(slot)
        return state

    @property
    def remembered(self) -> int:
        """How many accounts take up room, at hand or not."""
        return len(self.slots) + len(self._wide)

    def age(self) -> None:
        """Somebody else has posted: what an account is stays known, what it holds must be read again."""
        self._fresh[:] = False
        self._wide.clear()

    def stale(self, slots: Array) -> Array:
        """Those of the slots where only the counters are missing, each once."""
        named = slots[slots >= 0]
        stale: Array = named[~self._fresh[named]]
        return np.unique(stale) if len(stale) else stale

    def at_hand(self, slots: Array) -> Array:
        """The slots, below zero where what stands there is stale."""
        found = slots.copy()
        found[np.isin(slots, self.stale(slots))] = -1
        return found

    def renew(self, slots: Array, counters: Array) -> None:
        """Puts stale accounts at hand again. Four rows of counters, each counted in its account's `quantum`."""
        self._numbers[_COUNTERS, slots] = counters
        self._fresh[slots] = True

    def _state(self, slot: int) -> AccountState:
        id, asset, floor, status = self._static[slot]
        quantum, normal, *_ = self._numbers[:2, slot].tolist()
        counters = Counters(*(each * quantum for each in self._numbers[_COUNTERS, slot].tolist()))
        return AccountState(id, asset, quantum, normal, floor, status, counters)

    def add(self, states: Iterable[AccountState]) -> None:
        """Puts accounts at hand that were not."""
        narrow = []
        for state in states:
            self.slots.pop(state.key, None)
            if _fits(state):
                narrow.append(state)
            else:
                self._wide[state.key] = state
        if not narrow:
            return
        start, stop = len(self._static), len(self._static) + len(narrow)
        self._grow(stop)
        self._ids[start:stop] = ids([state.id for state in narrow])
        self._numbers[:, start:stop] = np.array([self._numbers_of(state) for state in narrow], np.int64).T
        self._static += [(state.id, state.asset, state.floor, state.status) for state in narrow]
        self._fresh[start:stop] = True
        self.slots.update(zip([state.key for state in narrow], range(start, stop), strict=True))

    def _numbers_of(self, state: AccountState) -> tuple[int, ...]:
        asset = self.assets.setdefault(state.asset, len(self.assets))
        counters = (each // state.quantum for each in state.counters())
        return state.quantum, state.normal, state.status == "open", asset, _floor(state), *counters

    def _grow(self, size: int) -> None:
        """Makes room, twice as much as there was: adding accounts one by one must not copy all of them each time."""
        had = self._numbers.shape[1]
        if size <= had:
            return
        more = max(size, 2 * had) - had
        self._ids = np.concatenate([self._ids, np.empty(more, "V16")])
        self._numbers = np.concatenate([self._numbers, np.zeros((len(_NUMBERS), more), np.int64)], axis=1)
        self._noted = np.concatenate([self._noted, np.zeros(more, bool)])
        self._fresh = np.concatenate([self._fresh, np.zeros(more, bool)])

    # --- columns

    def column(self, name: str) -> Array:
        """A column of all accounts, to be read or moved; `note` first what will be moved."""
        found: Array = self._numbers[_NUMBERS.index(name)]
        return found

    def locate(self, drafts: Drafts) -> Array:
        """Where in the columns the two accounts of each draft stand, debit and credit in turns; below zero: nowhere.

        Those who stand there may be stale.
        """
        named = [id for draft in drafts for id in (draft.debit_account, draft.credit_account)]
        return self.locate_keys([-1 if id is None else id.int for id in named])

    def locate_keys(self, keys: Sequence[int]) -> Array:
        """Where in the columns these accounts stand, likewise."""
        return np.fromiter(map(self.slots.get, keys, repeat(-1)), np.int64, len(keys))

    def ids_of(self, slots: Array) -> Array:
        """The ids of these accounts."""
        return self._ids[slots]

    def assets_of(self, slots: Array) -> Array:
        """The ids of these accounts' assets."""
        return ids(list(self.assets))[self.column("asset")[slots]]

    def note(self, slots: Array) -> None:
        """Keeps what these accounts' counters were when they were touched first."""
        new = slots[~self._noted[slots]]
        if len(new):
            self._noted[new] = True
            self._before.append((new, self._numbers[_COUNTERS, new]))

    def settle(self) -> None:
        """Puts back what was looked at singly; an account that grew too wide for its column leaves it."""
        for key, state in self._out.items():
            slot = self.slots[key]
            if _fits(state):
                self._numbers[_COUNTERS, slot] = [each // state.quantum for each in state.counters()]
            else:
                self._leave(key, slot, state)
        self._out.clear()

    def _leave(self, key: int, slot: int, state: AccountState) -> None:
        del self.slots[key]
        self.column("open")[slot] = False  # whoever has located it already must not use it any more
        self._wide[key] = state
        for slots, counters in self._before:
            for at in np.flatnonzero(slots == slot):
                debits, credits, *pending = (each * state.quantum for each in counters[:, at].tolist())
                self._wide_before[key] = (debits, credits, pending[0], pending[1])
                self._numbers[_COUNTERS, slot] = counters[:, at]

    def changes(self) -> Changes:
        """What became of the accounts since `begin`."""
        self.settle()
        slots = np.concatenate([np.empty(0, np.int64), *(slots for slots, _ in self._before)]).astype(np.int64)
        before = np.concatenate([np.empty((4, 0), np.int64), *(counters for _, counters in self._before)], axis=1)
        moved = self._numbers[_COUNTERS, slots] - before
        kept = moved.any(axis=0)
        narrow = Changes(self._ids[slots[kept]], self.column("quantum")[slots[kept]], moved[:, kept])
        wide = self._wide_changes()
        if wide is None:
            return narrow
        return Changes(*(np.concatenate(pair, axis=-1) for pair in zip(narrow, wide, strict=True)))

    def _wide_changes(self) -> Changes | None:
        moved = [
            (state, tuple(now - then for now, then in zip(state.counters(), before, strict=True)))
            for state, before in ((self._wide[key], before) for key, before in self._wide_before.items())
            if state.counters() != before
        ]
        if not moved:
            return None
        counters = np.array([[each // state.quantum for each in by] for state, by in moved], object).T
        return Changes(ids([state.id for state, _ in moved]), np.array([state.quantum for state, _ in moved]), counters)


def _fits(state: AccountState) -> bool:
    return max(state.counters()) < LIMIT * state.quantum


def _floor(state: AccountState) -> int:
    """The floor, counted in the quantum and rounded up, within what a column holds: beyond it nothing is decided."""
    if state.floor is None:
        return _NO_FLOOR
    return min(max(-(-state.floor // state.quantum), _NO_FLOOR), 2 * LIMIT)
