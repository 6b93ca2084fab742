"""The posting engine: batches of transfers, one short transaction each, at the speed of COPY."""
