ALTER TABLE compliance_leaf ADD CONSTRAINT leaf_position_from_zero CHECK (position >= 0);
ALTER TABLE compliance_leaf ADD CONSTRAINT leaf_hash_whole CHECK (octet_length(hash) = 32);
ALTER TABLE compliance_tile ADD CONSTRAINT tile_from_zero CHECK (level >= 0 AND index >= 0);
ALTER TABLE compliance_tile ADD CONSTRAINT tile_full CHECK (octet_length(hashes) = 8192 AND octet_length(root) = 32);
ALTER TABLE compliance_checkpoint ADD CONSTRAINT checkpoint_root_whole CHECK (octet_length(root) = 32);
-- Hashes do not become smaller: do not try.
ALTER TABLE compliance_tile ALTER COLUMN hashes SET STORAGE EXTERNAL;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON compliance_leaf
    FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON compliance_tile
    FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON compliance_checkpoint
    FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON compliance_cosignature
    FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON compliance_restoration
    FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse_change();

-- Once a statement, so that it costs a COPY of thousands of leaves next to nothing. Positions are unique, so as many
-- as there are from the first to the last are all of them.
CREATE FUNCTION compliance_leaf_follows() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    lowest bigint;
    highest bigint;
    number bigint;
BEGIN
    SELECT min(position), max(position), count(*) INTO lowest, highest, number FROM fresh;
    IF number > 0 AND (highest - lowest + 1 <> number
        OR (lowest > 0 AND NOT EXISTS (SELECT FROM compliance_leaf WHERE position = lowest - 1))) THEN
        RAISE EXCEPTION 'positions are given without gaps: % leaves from % to %', number, lowest, highest
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER follows AFTER INSERT ON compliance_leaf REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION compliance_leaf_follows();

CREATE FUNCTION compliance_checkpoint_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM compliance_checkpoint WHERE size >= NEW.size) THEN
        RAISE EXCEPTION 'a checkpoint of % leaves is not larger than those before it', NEW.size
            USING ERRCODE = 'check_violation';
    END IF;
    IF NOT EXISTS (SELECT FROM compliance_leaf WHERE position = NEW.size - 1) THEN
        RAISE EXCEPTION 'a checkpoint of % leaves is larger than the tree', NEW.size
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER grows BEFORE INSERT ON compliance_checkpoint
    FOR EACH ROW EXECUTE FUNCTION compliance_checkpoint_grows();
