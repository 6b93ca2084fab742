DROP TRIGGER kept ON compliance_trailcheck;
DROP TRIGGER check_guard ON compliance_trailcheck;
DROP FUNCTION compliance_check_guard();
DROP TRIGGER alarm_approved ON compliance_tamperalarm;
DROP FUNCTION compliance_alarm_approved();
DROP TRIGGER kept ON compliance_tamperalarm;
DROP TRIGGER alarm_guard ON compliance_tamperalarm;
DROP FUNCTION compliance_alarm_guard();
