-- Whoever collected a secret of a key is the key's owner, and then the key stays his.
ALTER TABLE access_apikeysecret ADD CONSTRAINT apikeysecret_collected_by_owner
    FOREIGN KEY (key_id, collected_by) REFERENCES access_apikey (id, owner_id);
