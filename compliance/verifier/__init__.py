"""The verifier that goes to auditors: one file, which needs nothing of the project."""
