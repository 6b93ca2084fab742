"""Books, assets and accounts of a test's own, under names that no other test has."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from ledger import services
from ledger.domain.results import TransferResult
from ledger.models import Account, Asset, Book
from qenex.kernel.ids import uuid7


def a_book(prefix: str = "test") -> Book:
    """A new book."""
    code = f"{prefix}-{uuid7().hex[-12:]}"
    return services.book_create(code=code, name=code)


def an_asset(places: int = 2) -> Asset:
    """A new token."""
    code = f"T{uuid7().hex[-12:].upper()}"
    return services.asset_create(code=code, kind="token", places=places)


def an_account(book: Book, asset: Asset, type: str = "asset", **spec: Any) -> Account:
    """A new account of the book."""
    code = spec.pop("code", f"a{uuid7().hex[-12:]}")
    return services.account_create(book=book, asset=asset, type=type, code=code, **spec)


def post(book: Book, debit: Account, credit: Account, amount: str, **more: Any) -> TransferResult:
    """Posts one transfer, which must stand."""
    fields = {"debit_account": debit, "credit_account": credit, "amount": amount} | more
    [result] = services.transfers_post(book=book, transfers=[fields])
    assert result.ok, result
    return result


def resolve(book: Book, kind: str, origin: UUID, amount: str = "0", **more: Any) -> TransferResult:
    """Acts on a hold or reverses a transfer, which must succeed."""
    [result] = services.transfers_post(book=book, transfers=[{"kind": kind, "origin": origin, "amount": amount} | more])
    assert result.ok, result
    return result


def all_ok(results: Sequence[TransferResult]) -> bool:
    """Whether every transfer stands."""
    return all(result.ok for result in results)
