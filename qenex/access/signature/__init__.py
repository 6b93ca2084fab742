"""The parts of `qenex.access.signatures`: structured fields, components, digests, algorithms."""
