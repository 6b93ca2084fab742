"""The ledger's routes under /api/v1/."""

from django.urls import path

from ledger.api import (
    accounts,
    assets,
    balances,
    books,
    exchanges,
    holds,
    journals,
    limits,
    transfers,
    trialbalance,
)

urlpatterns = [
    path("books", books.BookListView.as_view(), name="api-books"),
    path("books/<str:ref>", books.BookView.as_view(), name="api-book"),
    path("assets", assets.AssetListView.as_view(), name="api-assets"),
    path("assets/<str:ref>", assets.AssetView.as_view(), name="api-asset"),
    path("accounts", accounts.AccountListView.as_view(), name="api-accounts"),
    path("accounts/<uuid:pk>", accounts.AccountView.as_view(), name="api-account"),
    path("accounts/<uuid:pk>/balance", balances.BalanceView.as_view(), name="api-account-balance"),
    path("accounts/<uuid:pk>/transfers", balances.HistoryView.as_view(), name="api-account-transfers"),
    path("transfers", transfers.TransferListView.as_view(), name="api-transfers"),
    path("transfers/batch", transfers.BatchView.as_view(), name="api-transfers-batch"),
    path("transfers/<uuid:pk>", transfers.TransferView.as_view(), name="api-transfer"),
    path("journals", journals.JournalListView.as_view(), name="api-journals"),
    path("journals/<uuid:pk>", journals.JournalView.as_view(), name="api-journal"),
    path("journals/<uuid:pk>/reverse", journals.ReversalView.as_view(), name="api-journal-reverse"),
    path("exchanges", exchanges.ExchangeView.as_view(), name="api-exchanges"),
    path("holds", holds.HoldListView.as_view(), name="api-holds"),
    path("holds/<uuid:pk>", holds.HoldView.as_view(), name="api-hold"),
    path("holds/<uuid:pk>/post", holds.HoldPostView.as_view(), name="api-hold-post"),
    path("holds/<uuid:pk>/void", holds.HoldVoidView.as_view(), name="api-hold-void"),
    path("limits", limits.LimitListView.as_view(), name="api-limits"),
    path("limits/<uuid:pk>", limits.LimitView.as_view(), name="api-limit"),
    path("reports/trial-balance", trialbalance.TrialBalanceView.as_view(), name="api-trial-balance"),
]
