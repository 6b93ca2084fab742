"""Posting the lines of a file: what `manage.py ledger_import` does."""
