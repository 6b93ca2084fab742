"""The commands that change the terms of posting: floors and states of accounts, limits, books."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib.auth.models import Group
from django.utils.translation import gettext_lazy

from ledger import services
from ledger.approvals.demands import ACCOUNT, BOOK, LIMIT
from ledger.errors import LedgerError, NotFound, Stale
from ledger.models import Account, Asset, Book, RoleLimit
from qenex.access import approvals
from qenex.access.approvals import directory
from qenex.access.approvals.registry import Difference


def _account(payload: Mapping[str, Any]) -> Account:
    found = Account.objects.select_related("balance", "asset", "book").filter(pk=payload["account"]).first()
    if found is None:
        raise NotFound(f"there is no account {payload['account']}")
    return found


def _describe_account(payload: Mapping[str, Any]) -> Difference:
    account = _account(payload)
    if account.version != payload["version"]:
        raise Stale
    now = {name: account.balance.floor if name == "floor" else getattr(account, name) for name in payload["changes"]}
    changes = [(name, _shown(now[name]), _shown(after)) for name, after in payload["changes"].items()]
    facts = [("Book", str(account.book)), ("Available", f"{account.balance.available.normalize():,f} {account.asset}")]
    return Difference(f"Changes the account {account}", changes, facts)


@approvals.command(
    ACCOUNT,
    label=gettext_lazy("Change of an account"),
    permission="ledger.change_account",
    describe=_describe_account,
    result=lambda account: str(account.pk),
    refusals=(LedgerError,),
)
def _update_account(payload: Mapping[str, Any]) -> None:
    changes = dict(payload["changes"])
    if changes.get("floor") is not None:
        changes["floor"] = Decimal(changes["floor"])
    services.account_update(account=_account(payload), version=payload["version"], **changes)


def _book(payload: Mapping[str, Any]) -> Book:
    found = Book.objects.filter(pk=payload["book"]).first()
    if found is None:
        raise NotFound(f"there is no book {payload['book']}")
    return found


def _describe_book(payload: Mapping[str, Any]) -> Difference:
    book = _book(payload)
    if book.version != payload["version"]:
        raise Stale
    changes = [(name, _shown(getattr(book, name)), _shown(after)) for name, after in payload["changes"].items()]
    return Difference(f"Changes the book {book}", changes)


@approvals.command(
    BOOK,
    label=gettext_lazy("Change of a book"),
    permission="ledger.change_book",
    describe=_describe_book,
    result=lambda book: str(book.pk),
    refusals=(LedgerError,),
)
def _update_book(payload: Mapping[str, Any]) -> None:
    services.book_update(book=_book(payload), version=payload["version"], **payload["changes"])


def _limit(payload: Mapping[str, Any]) -> RoleLimit:
    found = RoleLimit.objects.select_related("account", "role", "asset").filter(pk=payload["limit"]).first()
    if found is None:
        raise NotFound(f"there is no limit {payload['limit']}")
    return found


def _terms(payload: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of limit_create. Raises NotFound where a thing has gone."""
    models: dict[str, Any] = {"role": Group, "account": Account, "asset": Asset}
    ids = {name: payload[name] for name in models}
    found = {name: id and models[name].objects.filter(pk=id).first() for name, id in ids.items()}
    gone = [name for name, id in ids.items() if id and found[name] is None]
    if gone:
        raise NotFound(f"there is no such {gone[0]}")
    return {**found, "maximum": Decimal(payload["maximum"]), "verdict": payload["verdict"]}


def _describe_limit(payload: Mapping[str, Any]) -> Difference:
    if payload["action"] == "delete":
        limit = _limit(payload)
        return Difference("Removes a limit", [("limit", f"{limit} ({limit.verdict})", "")])
    terms = _terms(payload)
    whose = terms["role"] or terms["account"]
    asset = f" {terms['asset']}" if terms["asset"] else ""
    return Difference("Sets a limit", [("limit", "", f"{whose}: {payload['maximum']}{asset} ({terms['verdict']})")])


@approvals.command(
    LIMIT,
    label=gettext_lazy("Change of a limit"),
    permission="ledger.add_rolelimit",
    describe=_describe_limit,
    result=lambda limit: str(limit.pk) if limit else "",
    refusals=(LedgerError,),
)
def _change_limit(payload: Mapping[str, Any]) -> None:
    if payload["action"] == "delete":
        services.limit_delete(limit=_limit(payload))
    else:
        services.limit_create(**_terms(payload))


def _shown(value: Any) -> str:
    """A value of a field as text; none is nothing."""
    return "" if value is None else f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)


def asset_codes() -> dict[UUID, str]:
    """Every asset's id and code."""
    return dict(Asset.objects.order_by("code").values_list("pk", "code"))


directory.provide(assets=asset_codes)
