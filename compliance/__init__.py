"""The audit trail's sealing, proofs and verification; privacy."""
