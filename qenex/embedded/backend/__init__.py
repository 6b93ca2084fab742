"""Django's PostgreSQL backend with metrics, which starts the embedded server when nobody answers."""
