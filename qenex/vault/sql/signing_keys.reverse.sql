DROP TRIGGER keep_keys ON vault_signingkey;
DROP TRIGGER keep_key ON vault_signingkey;
DROP FUNCTION vault_keep_signing_key();
