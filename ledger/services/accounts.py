"""Opening, freezing, limiting and closing accounts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import IntegrityError

from ledger.approvals.demands import demand_account
from ledger.choices import NORMAL_SIDE, AccountStatus, AccountType, Side
from ledger.errors import Conflict, Invalid, Stale
from ledger.locks import book_lock
from ledger.models import Account, Asset, Balance, Book
from ledger.services.heads import head_move
from ledger.services.transfers import check_metadata, require_reach
from ledger.services.validation import clean
from qenex.kernel import clock, events, transactions
from qenex.kernel.money import AmountProblem, from_decimal, quantum


@dataclass(frozen=True, slots=True)
class AccountSpec:
    """What an account is to be."""

    code: str
    asset: Asset
    type: str
    path: str = ""
    """The place in the chart; the code unless given."""
    name: str = ""
    normal_side: int | None = None
    """The side of the type unless given: a contra account has the other one."""
    owner_ref: str = ""
    floor: Decimal | None = None
    """What the available balance may not fall below; none: anything."""
    metadata: dict[str, Any] = field(default_factory=dict)
    id: UUID | None = None


def account_create(*, book: Book, **spec: Any) -> Account:
    """Opens an account with the fields of AccountSpec. Raises as `accounts_create`."""
    return accounts_create(book=book, specs=[AccountSpec(**spec)])[0]


def accounts_create(*, book: Book, specs: Sequence[AccountSpec]) -> list[Account]:
    """Opens accounts, all or none, in order.

    Raises Invalid for a malformed field, Conflict where a code, or a path and asset, is taken in the book, and NotFound
    for a book out of reach.
    """
    require_reach(book.pk)

    def command() -> list[Account]:
        accounts = [_account(book, spec) for spec in specs]
        balances = [_balance(account, spec) for account, spec in zip(accounts, specs, strict=True)]
        events.write([_created(account, spec) for account, spec in zip(accounts, specs, strict=True)])
        Account.objects.bulk_create(accounts, batch_size=5_000)
        Balance.objects.bulk_create(balances, batch_size=5_000)
        return accounts

    try:
        return transactions.run(command)
    except IntegrityError as error:
        raise Conflict(f"the {_taken(error)} of an account is taken in book {book.code}") from error


def _taken(error: IntegrityError) -> str:
    constraints = {"account_path_once": "path and asset", "account_code_once": "code", "ledger_account_pkey": "id"}
    for constraint, what in constraints.items():
        if constraint in str(error):
            return what
    raise error


def _account(book: Book, spec: AccountSpec) -> Account:
    if spec.type not in AccountType.values:
        raise Invalid("type", f"must be one of {', '.join(AccountType.values)}")
    if spec.metadata:
        check_metadata(spec.metadata)
    account = Account(
        book=book,
        code=spec.code,
        path=spec.path or spec.code,
        name=spec.name,
        type=spec.type,
        normal_side=NORMAL_SIDE[AccountType(spec.type)] if spec.normal_side is None else spec.normal_side,
        asset=spec.asset,
        owner_ref=spec.owner_ref,
        metadata=spec.metadata,
        created_at=clock.now(),
    )
    if spec.id is not None:
        account.pk = spec.id
    clean(account)
    return account


def _balance(account: Account, spec: AccountSpec) -> Balance:
    _check_floor(spec.floor, spec.asset)
    if spec.floor is not None and spec.floor > 0:
        raise Invalid("floor", "an empty account cannot have a floor above zero")
    side = Side(account.normal_side)
    return Balance(account=account, book_id=account.book_id, normal_side=side, floor=spec.floor)


def _check_floor(floor: Decimal | None, asset: Asset) -> None:
    if floor is None:
        return
    try:
        units = from_decimal(floor)
    except AmountProblem as problem:
        raise Invalid("floor", str(problem)) from problem
    if units % quantum(asset.places):
        raise Invalid("floor", f"has more than the asset's {asset.places} decimal places")


def _created(account: Account, spec: AccountSpec) -> events.Draft:
    return events.draft(
        "ledger.account.created",
        subject_type="account",
        subject_id=account.pk,
        book_id=account.book_id,
        data={
            "code": account.code,
            "path": account.path,
            "name": account.name,
            "type": account.type,
            "normal_side": account.normal_side,
            "asset": spec.asset.code,
            "owner_ref": account.owner_ref,
            "floor": spec.floor,
            "metadata": account.metadata,
            "created_at": account.created_at,
        },
        version=2,
    )


UNCHANGED: Any = object()


def account_update(
    *,
    account: Account,
    name: str = UNCHANGED,
    owner_ref: str = UNCHANGED,
    status: str = UNCHANGED,
    floor: Decimal | None = UNCHANGED,
    metadata: dict[str, Any] = UNCHANGED,
    version: int | None = None,
) -> Account:
    """Renames, freezes, opens, limits or closes an account, under its book's lock.

    Raises Invalid for a malformed field, Conflict where the account's balance forbids it, Stale where `version` is
    given and is not the present one, NotFound where its book is out of reach, and ApprovalRequired.
    """
    require_reach(account.book_id)

    def command() -> Account:
        fresh = Account.objects.select_related("balance", "asset").get(pk=account.pk)
        if version is not None and fresh.version != version:
            raise Stale
        wanted = {"name": name, "owner_ref": owner_ref, "status": status, "metadata": metadata}
        changes = _changes(fresh, wanted) | _changes(fresh.balance, {"floor": floor})
        if changes:
            _apply(fresh, changes)
        return fresh

    return transactions.run(command, locks=[book_lock(account.book_id)])


def _changes(instance: Account | Balance, wanted: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    given = {field: value for field, value in wanted.items() if value is not UNCHANGED}
    pairs = {field: (getattr(instance, field), value) for field, value in given.items()}
    return {field: pair for field, pair in pairs.items() if pair[0] != pair[1]}


def _apply(account: Account, changes: dict[str, tuple[Any, Any]]) -> None:
    if "floor" in changes:
        _check_new_floor(account, changes["floor"][1])
    if "status" in changes:
        _check_status(account, changes["status"][1])
    if "metadata" in changes:
        check_metadata(changes["metadata"][1])
    own = [field for field in changes if field != "floor"]
    for field_name in own:
        setattr(account, field_name, changes[field_name][1])
    account.version += 1
    clean(account)
    demand_account(account, account.version - 1, changes)
    events.emit(
        "ledger.account.updated",
        subject_type="account",
        subject_id=account.pk,
        book_id=account.book_id,
        changes=changes,
    )
    account.save(update_fields=[*own, "version"])
    if "floor" in changes:
        account.balance.floor = changes["floor"][1]
        account.balance.save(update_fields=["floor"])
    head_move(account.book_id)


def _check_new_floor(account: Account, floor: Decimal | None) -> None:
    _check_floor(floor, account.asset)
    if floor is not None and account.balance.available < floor:
        raise Conflict(f"the available balance is below {floor} already")


def _check_status(account: Account, status: str) -> None:
    if status not in AccountStatus.values:
        raise Invalid("status", f"must be one of {', '.join(AccountStatus.values)}")
    if account.status == AccountStatus.CLOSED:
        raise Conflict("a closed account stays closed")
    balance = account.balance
    if status == AccountStatus.CLOSED and (balance.posted or balance.debits_pending or balance.credits_pending):
        raise Conflict("only an account with no balance and no holds can be closed")
