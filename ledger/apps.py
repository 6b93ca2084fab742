from django.apps import AppConfig


class LedgerConfig(AppConfig):
    """Books, accounts and transfers."""

    name = "ledger"
    verbose_name = "Ledger"

    def ready(self) -> None:
        """Makes the commands known that may take two people, and the events of earlier versions readable."""
        from ledger import upcasters  # noqa: F401  # registered by being imported
        from ledger.approvals import changes, postings  # noqa: F401  # registered by being imported
