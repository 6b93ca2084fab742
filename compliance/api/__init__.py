"""Checkpoints, tiles, proofs and receipts over HTTP."""
