DROP TRIGGER approval_kept ON access_approval;
DROP TRIGGER approval_begins ON access_approval;
DROP TRIGGER approval_guard ON access_approval;
DROP FUNCTION access_approval_begins();
DROP FUNCTION access_approval_guard();
ALTER TABLE access_approval DROP CONSTRAINT approval_hash;
