DROP TRIGGER append_only ON kernel_event;
DROP FUNCTION kernel_refuse_change();
