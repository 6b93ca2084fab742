DROP VIEW ledger_leg;
