DROP TRIGGER kept ON compliance_retentionrule;
DROP TRIGGER kept ON compliance_erasure;
DROP TRIGGER erasure_guard ON compliance_erasure;
DROP FUNCTION compliance_erasure_guard();
DROP TRIGGER kept ON compliance_legalhold;
DROP TRIGGER hold_guard ON compliance_legalhold;
DROP FUNCTION compliance_hold_guard();
