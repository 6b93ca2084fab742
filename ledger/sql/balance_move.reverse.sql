DROP FUNCTION ledger_balance_move(uuid[], numeric[], numeric[], numeric[], numeric[]);
