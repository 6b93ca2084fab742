"""The least that posts single transfers over HTTP, durably: what Python, granian and PostgreSQL can do here at all."""
