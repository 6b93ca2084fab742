"""The accounts and their balances: the counters against the transfers, all else against the accounts' own events."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from ledger.verification.pages import Snapshot
from ledger.verification.report import BookReport
from ledger.verification.walk import Tally, counters
from qenex.kernel.money import format_units, from_decimal, quantum

_TALLIES = """
SELECT uuid_send(a.id), uuid_send(a.asset_id), a.normal_side, s.places
FROM ledger_account a JOIN ledger_asset s ON s.id = a.asset_id WHERE a.book_id = %s
"""
_ACCOUNTS = """
SELECT uuid_send(a.id), a.code, a.path, a.name, a.type, a.normal_side, s.code, a.owner_ref, a.status,
       a.metadata::text, a.version, b.book_id, b.normal_side, b.floor,
       b.debits_posted, b.credits_posted, b.debits_pending, b.credits_pending
FROM ledger_account a JOIN ledger_asset s ON s.id = a.asset_id LEFT JOIN ledger_balance b ON b.account_id = a.id
WHERE a.book_id = %s
"""
_EVENTS = """
SELECT type, subject_id, body FROM kernel_event
WHERE book_id = %s AND type IN ('ledger.account.created', 'ledger.account.updated') ORDER BY transaction, id
"""
_FACTS = ("code", "path", "name", "type", "normal_side", "asset", "owner_ref", "status", "metadata", "version")


def tallies(snapshot: Snapshot, book: UUID) -> dict[bytes, Tally]:
    """An empty tally for each account of the book."""
    return {
        account: Tally(asset, normal, quantum(places))
        for account, asset, normal, places in snapshot.rows(_TALLIES, book)
    }


def compare(snapshot: Snapshot, book: UUID, computed: Mapping[bytes, Tally], report: BookReport) -> None:
    """Compares every account of the book, and adds up what is stored."""
    told = _replayed(snapshot, book)
    totals: dict[str, list[int]] = {}
    for row in snapshot.rows(_ACCOUNTS, book):
        report.accounts += 1
        account, *facts, of_book, normal_side, floor, debits, credits_, debits_pending, credits_pending = row
        facts[8] = json.loads(facts[8])
        expected = told.pop(str(UUID(bytes=account)), None)
        _compare_facts(account, dict(zip(_FACTS, facts, strict=True)), expected, report)
        if of_book is None:
            report.differ("balance", account, "the row of the account", None, "there")
            continue
        report.compare("balance", account, "book", of_book, book)
        report.compare("balance", account, "normal_side", normal_side, facts[4])
        if expected is not None:
            report.compare("balance", account, "floor", _amount(floor), _amount(expected["floor"]))
        stored = map(from_decimal, (debits, credits_, debits_pending, credits_pending))
        values = dict(zip(counters(None), stored, strict=True))
        for what, units in counters(computed.get(account)).items():
            report.amount("balance", account, what, values[what], units)
        sums = totals.setdefault(facts[5], [0, 0])
        sums[0] += values["debits_posted"]
        sums[1] += values["credits_posted"]
    for account in told:
        report.differ("account", account, "the account of an event", None, "there")
    _compare_totals(totals, report)


def _compare_facts(account: bytes, stored: dict[str, Any], told: dict[str, Any] | None, report: BookReport) -> None:
    if told is None:
        report.differ("account", account, "the event of its opening", None, "there")
        return
    for what in _FACTS:
        report.compare("account", account, what, stored[what], told[what])


def _compare_totals(totals: Mapping[str, list[int]], report: BookReport) -> None:
    for asset, (debits, credits_) in sorted(totals.items()):
        report.totals[asset] = {"debits": format_units(debits, 0), "credits": format_units(credits_, 0)}
        report.amount("trial balance", asset, "the sum of debits", debits, credits_)


def _replayed(snapshot: Snapshot, book: UUID) -> dict[str, dict[str, Any]]:
    """Account → what its events, one after another, made of it."""
    told: dict[str, dict[str, Any]] = {}
    for type_, account, body in snapshot.rows(_EVENTS, book):
        event = json.loads(bytes(body))
        if type_ == "ledger.account.created":
            told[account] = {"status": "open", "version": 1} | event["data"]
        elif account in told:
            changes = {field: change["after"] for field, change in event["changes"].items()}
            told[account] |= changes | {"version": told[account]["version"] + 1}
    return told


def _amount(value: Decimal | str | None) -> str | None:
    return None if value is None else format_units(from_decimal(Decimal(value)), 0)
