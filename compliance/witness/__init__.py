"""A witness (C2SP tlog-witness): it cosigns a log's checkpoint once it has seen that the log only grew.

A process with a key and a memory of its own. It needs neither Django nor a database, and knows nothing of the log but
its public keys: `python -m compliance.witness` runs with `granian` and `cryptography` alone.
"""
