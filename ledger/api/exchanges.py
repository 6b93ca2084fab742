"""Exchanges between assets."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from ledger import services
from ledger.api.journals import RESULT
from ledger.api.postings import journal_document, results_of, status_of
from ledger.api.problems import REFUSALS
from ledger.domain.results import Code
from ledger.models import Account
from ledger.services.transfers import MAX_REFERENCE
from qenex.access.api.asking import AskingMixin
from qenex.kernel import scope
from qenex.kernel.fields import AmountField, IdField, StrictSerializer, TextField
from qenex.kernel.idempotent import IdempotentMixin
from qenex.kernel.ids import uuid7
from qenex.kernel.money import to_decimal
from qenex.kernel.problems import Fault, Problem, pointer
from qenex.kernel.views import APIView

ROLES = ("sold_from", "sold_position", "bought_position", "bought_to")


class ExchangeSerializer(StrictSerializer):
    """An amount of one asset sold for an amount of another, through position accounts of one book."""

    sold_from = IdField(help_text="The owner's account of the sold asset, which is debited.")
    sold_position = IdField(help_text="The position account of the sold asset, which is credited.")
    bought_position = IdField(help_text="The position account of the bought asset, which is debited.")
    bought_to = IdField(help_text="The owner's account of the bought asset, which is credited.")
    sold = AmountField()
    bought = AmountField()
    id = IdField(required=False, help_text="The id of the new journal.")
    reference = TextField(max_length=MAX_REFERENCE, required=False, allow_blank=True)


class ExchangeView(AskingMixin, IdempotentMixin, APIView):
    """Exchanges."""

    required_permissions = {"POST": "ledger.post_exchange"}

    @extend_schema(operation_id="exchanges_create", request=ExchangeSerializer, responses=RESULT)
    def post(self, request: Request) -> HttpResponse:
        """Posts an exchange: a journal of two transfers, which records the rate."""
        serializer = ExchangeSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        given = serializer.validated_data
        id = given.get("id") or uuid7()
        fields: dict[str, Any] = {
            **_accounts(given),
            "sold": to_decimal(given["sold"]),
            "bought": to_decimal(given["bought"]),
            "reference": given.get("reference", ""),
        }
        return self.answer_once(
            request,
            lambda: services.exchange_post(id=id, **fields),
            lambda batch: journal_document(id, results_of(batch)),
            status=status_of,
        )


def _accounts(given: dict[str, UUID]) -> dict[str, Account]:
    found = scope.narrowed(Account.objects.all()).in_bulk([given[role] for role in ROLES])
    missing = [role for role in ROLES if given[role] not in found]
    if missing:
        kind = REFUSALS[Code.ACCOUNT_NOT_FOUND]
        raise Problem(kind, faults=[Fault(kind.code, f"{kind.title}.", pointer((role,))) for role in missing])
    return {role: found[given[role]] for role in ROLES}
