"""The parts of the benchmark: which arms are measured beside one another, and on what."""
