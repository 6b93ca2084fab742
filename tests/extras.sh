#!/usr/bin/env bash
# Installs the system programs that some tests use, where that is possible: as root on a Debian. Tests whose program
# is missing skip themselves and say so. Never fails. EXTRAS=no leaves the system alone.
set -uo pipefail

missing=()
need() { # program package
    command -v "$1" > /dev/null || missing+=("$2")
}
command -v chromium > /dev/null || need chromium-headless-shell chromium-headless-shell
need pgbouncer pgbouncer
need promtool prometheus
need wrk wrk
need softhsm2-util softhsm2
need /usr/lib/postgresql/15/bin/postgres postgresql-15

if [ ${#missing[@]} -eq 0 ] || [ "${EXTRAS:-yes}" = no ] || [ "$(id -u)" -ne 0 ] || ! command -v apt-get > /dev/null; then
    exit 0
fi

echo "Installing for the tests: ${missing[*]} (EXTRAS=no skips this) ..."
export DEBIAN_FRONTEND=noninteractive
# The programs are wanted, not Debian's own services running them.
policy=/usr/sbin/policy-rc.d
[ -e "$policy" ] || { printf '#!/bin/sh\nexit 101\n' > "$policy" && chmod +x "$policy" && trap 'rm -f "$policy"' EXIT; }
timeout 120 apt-get update -qq > /dev/null 2>&1
for package in "${missing[@]}"; do
    timeout 300 apt-get install -y -qq --no-install-recommends "$package" > /dev/null 2>&1 ||
        echo "$package cannot be installed; the tests that need it will be skipped."
done
exit 0
