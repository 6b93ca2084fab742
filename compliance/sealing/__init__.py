"""Sealing the event log: positions, the tree over them, and signed checkpoints of it."""
