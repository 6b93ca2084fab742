DROP FUNCTION kernel_demand_event() CASCADE;
DROP TRIGGER mark_emitted ON kernel_event;
DROP FUNCTION kernel_mark_emitted();
