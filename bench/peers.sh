#!/usr/bin/env bash
# Installs what the audit trail is compared with into var/bench-peers, where nothing of ours finds it: pymerkle,
# django-pghistory and django-auditlog. Never fails; without them their lines are left out. EXTRAS=no installs nothing.
set -uo pipefail

if [ "${EXTRAS:-yes}" = no ] || [ -d var/bench-peers/pymerkle ]; then
    exit 0
fi
echo "Installing pymerkle, django-pghistory and django-auditlog for the benchmark (EXTRAS=no skips this) ..."
.venv/bin/python -m pip install -qq --disable-pip-version-check --no-deps --target var/bench-peers \
    pymerkle cachetools django-pghistory django-pgtrigger django-auditlog python-dateutil six || echo "They cannot be installed."
exit 0
