from django.apps import AppConfig


class LedgerConfig(AppConfig):
    """Books, accounts and transfers."""

    name = "ledger"
    verbose_name = "Ledger"
