#!/usr/bin/env bash
# Installs wrk, the load generator, where that is possible: as root on a Debian. Without it the benchmark uses a
# generator of its own, which costs more of the machine. Never fails. EXTRAS=no leaves the system alone.
set -uo pipefail

if command -v wrk > /dev/null || [ "${EXTRAS:-yes}" = no ] || [ "$(id -u)" -ne 0 ] || ! command -v apt-get > /dev/null; then
    exit 0
fi
echo "Installing wrk for the benchmark (EXTRAS=no skips this) ..."
export DEBIAN_FRONTEND=noninteractive
timeout 120 apt-get update -qq > /dev/null 2>&1
timeout 300 apt-get install -y -qq --no-install-recommends wrk > /dev/null 2>&1 || echo "wrk cannot be installed."
exit 0
