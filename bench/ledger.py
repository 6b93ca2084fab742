#!/usr/bin/env python3
"""Measure the ledger on this machine: `bench/ledger.py --json PATH`, or `make bench-ledger ARGS="--json PATH"`.

Durable throughput and latency through the service, through HTTP in batches and one by one, on an empty ledger and on a
large one; each beside binary COPY of the same rows, pgbench's TPC-B on the same server, and one ORM transaction a
transfer, in turns. It has servers of its own under var/bench, removed at the end; nobody's data is touched.
"""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Where this file lies, `import ledger` would find this file.
sys.path[0] = str(ROOT)
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qenex.settings")

if __name__ == "__main__":
    from bench.main import main

    sys.exit(main(Path(os.environ.get("QENEX_VAR") or ROOT / "var") / "bench"))
