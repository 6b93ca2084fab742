"""The trial balance: on the page, on paper, and as CSV."""

import csv
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from ledger.admin import shown
from ledger.admin.lists import TooSlow, patience
from ledger.admin.pages import ReadPage
from ledger.forms.fields import DayField
from ledger.forms.filters import READER, AssetFilterMixin, midnight
from ledger.models import Asset, Book
from ledger.selectors import TrialBalance, TrialBalanceRow, trial_balance
from qenex.kernel.money import format_units, from_decimal

PATIENCE_MS = 60_000
SHOWN = 2_000
"""Rows on the page; the CSV has them all."""
BASES = [("posted", _("By posting time")), ("value", _("By value date"))]
HEADER = ("code", "path", "name", "type", "asset", "debit", "credit")
FORMULA = ("=", "+", "-", "@", "\t", "\r")


class TrialBalanceForm(AssetFilterMixin):
    """Of which book, of which asset, as of the end of which day."""

    field_order = ("book", "asset", "day", "basis", "zeros")
    day = DayField(label=_("At the end of"), required=False)
    basis = forms.ChoiceField(label=_("Basis"), required=False, choices=BASES)
    zeros = forms.BooleanField(label=_("Show empty accounts"), required=False)

    def report(self) -> TrialBalance:
        """What was asked for. The form is valid. Raises TooSlow."""
        data = self.cleaned_data
        asset = self.assets[data["asset"]] if data["asset"] else None
        dates: dict[str, Any] = {}
        if data["day"]:
            dates = {"value_date": data["day"]} if data["basis"] == "value" else {"at": _end(data["day"])}
        elif data["basis"] == "value":
            dates = {"value_date": now().date()}
        with patience(READER, PATIENCE_MS):
            return trial_balance(self.books[data["book"]], asset=asset, zeros=data["zeros"], using=READER, **dates)


class TrialBalancePage(ReadPage):
    """GET shows the report, or sends it as CSV."""

    heading = _("Trial balance")
    permission = "ledger.view_account"
    template_name = "ledger/admin/trial_balance.html"

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """The report of the chosen book."""
        form = TrialBalanceForm(request.GET)
        book = form.chosen_book if form.is_valid() else None
        context: dict[str, Any] = {"form": form, "book": book, "made_at": now(), "too_slow": False}
        if book is not None:
            places = {code: asset.places for code, asset in form.assets.items()}
            try:
                report = form.report()
            except TooSlow:
                return self.show({**context, "too_slow": True})
            if request.GET.get("format") == "csv":
                return _csv(book, form, report)
            context |= _shown(report, places)
        return self.show(context)


def _shown(report: TrialBalance, places: dict[str, int]) -> dict[str, Any]:
    rows = [
        {
            "row": row,
            "url": shown.page("account", row.account_id),
            "debit": shown.amount(row.debit, places[row.asset]) if row.debit or not row.credit else "",
            "credit": shown.amount(row.credit, places[row.asset]) if row.credit else "",
        }
        for row in report.rows[:SHOWN]
    ]
    totals = [
        {
            "asset": total.asset,
            "debit": shown.amount(total.debit, places[total.asset]),
            "credit": shown.amount(total.credit, places[total.asset]),
            "difference": shown.amount(total.debit - total.credit, places[total.asset]),
            "balanced": total.balanced,
        }
        for total in report.totals
    ]
    return {"rows": rows, "totals": totals, "report": report, "hidden": max(len(report.rows) - SHOWN, 0)}


def _csv(book: Book, form: TrialBalanceForm, report: TrialBalance) -> HttpResponseBase:
    day = form.cleaned_data["day"] or now().date()
    answer = StreamingHttpResponse(_lines(report, form.assets), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="trial-balance-{book.code}-{day}.csv"'
    return answer


def _lines(report: TrialBalance, assets: dict[str, Asset]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield writer.writerow(HEADER)
    for row in report.rows:
        yield writer.writerow(_cells(row, assets[row.asset].places))
    for total in report.totals:
        places = assets[total.asset].places
        amounts = (format_units(from_decimal(value), places) for value in (total.debit, total.credit))
        yield writer.writerow(["", "", "TOTAL", "", total.asset, *amounts])


def _cells(row: TrialBalanceRow, places: int) -> list[str]:
    texts = [_harmless(text) for text in (row.code, row.path, row.name, row.type, row.asset)]
    return [*texts, *(format_units(from_decimal(value), places) for value in (row.debit, row.credit))]


def _harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text


def _end(day: Any) -> datetime:
    return midnight(day + timedelta(days=1)) - timedelta(microseconds=1)


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, line: str) -> str:
        return line
