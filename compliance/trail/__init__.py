"""The forms and rules of a verifiable log: trees, tiles, notes, checkpoints and receipts. Pure."""
