"""Accounts."""

import re
from decimal import Decimal
from hashlib import sha256
from typing import Any, NamedTuple
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from ledger import services
from ledger.api.accountserializers import AccountCreateSerializer, AccountSerializer, AccountUpdateSerializer
from ledger.api.references import asset, book_id
from ledger.filters import SIDES, AccountFilters
from ledger.models import Account, Book
from ledger.services.accounts import AccountSpec
from qenex.access.api.asking import ACCEPTED, AskingMixin
from qenex.kernel.etags import VersionedMixin, expected_version
from qenex.kernel.idempotent import IdempotentMixin
from qenex.kernel.money import to_decimal
from qenex.kernel.views import GenericView

_SIDES = {word: side for side, word in SIDES.items()}
_DIGEST = re.compile(r"\.[0-9a-f]{16}(\.[0-9]+\")")


class AccountListView(IdempotentMixin, GenericView[Account]):
    """The accounts of all books."""

    queryset = Account.objects.using("reader").select_related("asset", "balance")
    book_column = "book_id"
    serializer_class = AccountSerializer
    filterset_class = AccountFilters
    required_permissions = {"GET": "ledger.view_account", "POST": "ledger.add_account"}

    @extend_schema(operation_id="accounts_list", responses=AccountSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Lists accounts with their balances, newest first."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(operation_id="accounts_create", request=AccountCreateSerializer, responses={201: AccountSerializer})
    def post(self, request: Request) -> HttpResponse:
        """Opens an account."""
        given = AccountCreateSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        fields = given.validated_data
        book = Book.objects.get(pk=book_id(fields.pop("book")))
        if "normal_side" in fields:
            fields["normal_side"] = _SIDES[fields["normal_side"]]
        spec = AccountSpec(**fields | {"asset": asset(fields["asset"]), "floor": _floor(fields.get("floor"))})
        return self.answer_once(
            request, lambda: services.accounts_create(book=book, specs=[spec]), lambda accounts: _shown(accounts[0])
        )


class AccountView(AskingMixin, VersionedMixin, GenericView[Account]):
    """One account."""

    queryset = Account.objects.select_related("asset", "balance")
    book_column = "book_id"
    serializer_class = AccountSerializer
    pagination_class = None
    filter_backends = []
    required_permissions = {"GET": "ledger.view_account", "PATCH": "ledger.change_account"}

    @extend_schema(operation_id="accounts_retrieve")
    def get(self, request: Request, pk: UUID) -> HttpResponse:
        """Shows an account with its balance."""
        account = get_object_or_404(self.get_queryset().using("reader"), pk=pk)
        return self.tagged(request, _State.of(account), lambda: _shown(account))

    @extend_schema(
        operation_id="accounts_update",
        request=AccountUpdateSerializer,
        responses={200: AccountSerializer, 202: ACCEPTED},
    )
    def patch(self, request: Request, pk: UUID) -> HttpResponse:
        """Renames, freezes, opens, limits or closes an account."""
        account = get_object_or_404(self.get_queryset(), pk=pk)
        given = AccountUpdateSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        version = self.expected_version(request, pk)
        wanted = given.validated_data
        if "floor" in wanted:
            wanted["floor"] = _floor(wanted["floor"])
        changed = services.account_update(account=account, version=version, **wanted)
        return self.tagged(request, _State.of(changed), lambda: _shown(changed))

    def expected_version(self, request: Request, pk: object) -> int | None:
        """The version alone: a balance that moves on does not undo what the client has seen of the account."""
        if_match = request.headers.get("If-Match")
        return expected_version(if_match and _DIGEST.sub(r"\1", if_match), pk)


class _State(NamedTuple):
    """What the ETag of an account tells apart: the version of what people change, and the balance."""

    pk: str
    version: int

    @classmethod
    def of(cls, account: Account) -> "_State":
        balance = account.balance
        counters = (
            balance.debits_posted,
            balance.credits_posted,
            balance.debits_pending,
            balance.credits_pending,
        )
        digest = sha256(" ".join(map(str, counters)).encode()).hexdigest()
        return cls(f"{account.pk}.{digest[:16]}", account.version)


def _floor(units: int | None) -> Decimal | None:
    return None if units is None else to_decimal(units)


def _shown(account: Account) -> dict[str, Any]:
    return AccountSerializer(account).data
