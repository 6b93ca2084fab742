#!/usr/bin/env python3
"""Measure the vault on this machine: `make bench-vault`. It starts no server and touches nobody's keys."""

import os
import sys
from pathlib import Path

# Where this file lies, `import vault` would find this file.
sys.path[0] = str(Path(__file__).resolve().parent.parent)
os.environ |= {"DJANGO_SETTINGS_MODULE": "qenex.settings", "DATABASE_URL": "postgresql://nowhere.invalid/qenex"}
os.environ |= {"DATABASE_POOL_SIZE": "0", "REDIS_URL": "redis://nowhere.invalid", "QENEX_KEY_PROVIDER": "file"}

if __name__ == "__main__":
    import django

    django.setup()
    from bench.sealing import main

    main()
