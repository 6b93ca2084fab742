"""Parts of the benchmark of the audit trail."""
