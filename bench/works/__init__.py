"""What a client process does against the clock: one module a kind of work."""
