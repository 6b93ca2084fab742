"""PostgreSQL and Redis that come as wheels, and the supervisor that runs the whole back office on one machine."""
