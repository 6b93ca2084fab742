#!/usr/bin/env python3
"""Measure the audit trail on this machine: `bench/trail.py --json PATH`, or `make bench-trail ARGS="--json PATH"`.

How many events a second are sealed, alone and beside writers; how old an event is when a checkpoint covers it; what it
costs the ledger; proofs of a large tree; verification of all. Beside pymerkle, django-pghistory and django-auditlog.
It has servers of its own under var/bench, removed at the end; nobody's data is touched.
"""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Where this file lies, modules of the same names as the project's would be found.
sys.path[0] = str(ROOT)
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qenex.settings")

if __name__ == "__main__":
    from bench.trails.main import main

    sys.exit(main(Path(os.environ.get("QENEX_VAR") or ROOT / "var") / "bench"))
