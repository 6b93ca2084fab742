"""How exactly PostgreSQL must remember what serializable transactions have read.

Where there is no room it remembers whole pages and then whole tables instead of rows (PostgreSQL's manual, 13.2.3 and
"Lock Management"), and takes batches of different books, which touch no row in common, for conflicts: measured with
batches of 5,000 in four books, every attempt fails. The largest batch reads 20,000 balances.
"""

LEAST = {"max_pred_locks_per_transaction": 512, "max_pred_locks_per_relation": 50_000, "max_pred_locks_per_page": 128}
"""The settings, and what they must be at least; a negative one of relations is a share of the first."""
