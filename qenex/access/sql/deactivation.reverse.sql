DROP TRIGGER access_user_deactivated ON auth_user;
DROP FUNCTION access_user_deactivated();
