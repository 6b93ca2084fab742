DROP TRIGGER keep_keys ON vault_datakey;
DROP TRIGGER keep_key ON vault_datakey;
DROP FUNCTION vault_keep_key();
