"""The audit of the pinned requirements, which succeeds only where every one of them was really looked up.

    python -m deploy.audit [options of pip-audit]

pip-audit itself ends with status 0 where its service knows none of the packages: nothing is vulnerable of what nobody
has looked at. Here that is a failure of its own.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
CLEAN, VULNERABLE, UNKNOWN = 0, 1, 2
SHOWN = 8
"""How many names a line has room for."""


@dataclass(frozen=True)
class Verdict:
    """What came out: the exit status, and the lines to print."""

    status: int
    lines: list[str]


def main(options: Sequence[str]) -> Verdict:
    """Audits requirements.txt."""
    command = [
        sys.executable,
        "-m",
        "pip_audit",
        "--requirement",
        "requirements.txt",
        "--disable-pip",
        "--require-hashes",
    ]
    shape = ["--format", "json", "--progress-spinner", "off"]
    done = subprocess.run([*command, *shape, *options], cwd=ROOT, capture_output=True, text=True, check=False)
    return judge(done.stdout, done.stderr, pinned((ROOT / "requirements.txt").read_text()))


def pinned(requirements: str) -> set[str]:
    """The names in a requirements file that apply to this machine."""
    lines = requirements.replace("\\\n", " ").splitlines()
    parsed = [Requirement(line.partition("--hash")[0]) for line in lines if line.strip() and line[0] not in "#-"]
    return {canonicalize_name(each.name) for each in parsed if each.marker is None or each.marker.evaluate()}


def judge(output: str, complaints: str, wanted: set[str]) -> Verdict:
    """The verdict on what pip-audit printed; its own exit status says too little."""
    try:
        found = json.loads(output)["dependencies"]
        audited = {canonicalize_name(each["name"]): each["vulns"] for each in found if "vulns" in each}
    except (ValueError, KeyError, TypeError):
        reason = (complaints.strip().splitlines() or ["it printed nothing"])[-1]
        return Verdict(UNKNOWN, [f"NOT AUDITED: pip-audit gave no report: {reason[:300]}"])
    lines = [
        f"VULNERABLE: {name}: {vulnerability['id']}, fixed in {', '.join(vulnerability['fix_versions']) or 'none'}"
        for name, vulnerabilities in sorted(audited.items())
        for vulnerability in vulnerabilities
    ]
    unknown = sorted(wanted - set(audited))
    if unknown:
        lines.append(f"NOT AUDITED: {len(unknown)} of {len(wanted)} packages: {_some(unknown)}")
    if lines:
        return Verdict(VULNERABLE if lines[0].startswith("VULNERABLE") else UNKNOWN, lines)
    if not wanted:
        return Verdict(UNKNOWN, ["NOT AUDITED: there are no requirements"])
    return Verdict(CLEAN, [f"All {len(wanted)} packages were audited; none has a known vulnerability."])


def _some(names: list[str]) -> str:
    rest = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {rest} more" if rest > 0 else "")


if __name__ == "__main__":
    verdict = main(sys.argv[1:])
    print("\n".join(verdict.lines))
    sys.exit(verdict.status)
