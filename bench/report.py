"""The report: a table for people, JSON for programs."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Any

from bench.bench import Findings
from bench.options import Options
from bench.table import lines, title
from bench.targets import Target, judge


def text(findings: Findings) -> str:
    """The whole table."""
    return "\n".join(_text(findings))


def write(path: Path, findings: Findings, options: Options) -> None:
    """Writes all figures, also those of single runs, as JSON."""
    document: dict[str, Any] = {
        "machine": findings.machine,
        "options": asdict(options),
        "rows": [asdict(row) | {"runs": [each._asdict() for each in row.runs]} for row in findings.rows],
        "targets": [asdict(target) for target in judge(findings.rows, findings.memory)],
        "memory": findings.memory,
        "weather": findings.weather,
        "verified": findings.verified,
        "notes": findings.notes,
        "problems": findings.problems,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1, default=str) + "\n")


def _text(findings: Findings) -> Iterator[str]:
    found = findings.machine
    settings = found["settings"]
    yield f"{found['cpu']}, {found['cores']} cores, {found['memory_mb']:,} MB, Linux {found['kernel']}"
    yield (
        f"PostgreSQL {settings['server_version']} (fsync {settings['fsync']}, synchronous_commit "
        f"{settings['synchronous_commit']}), Python {found['python']}, fdatasync {found['fdatasync_ms']} ms"
    )
    yield from findings.notes
    for scenario, rows in groupby(findings.rows, key=lambda row: title(row.part, row.labels)):
        yield ""
        yield scenario
        yield from (f"  {line}" for line in lines(list(rows)))
    yield from ("", *(f"verified {line}" for line in findings.verified))
    yield from _targets(judge(findings.rows, findings.memory))
    yield from (f"PROBLEM {problem}" for problem in findings.problems)


def _targets(targets: list[Target]) -> Iterator[str]:
    yield ""
    width = max((len(target.what) for target in targets), default=0)
    for target in targets:
        mark = "met    " if target.met else "NOT MET"
        yield f"{mark}  {target.what.ljust(width)}  {target.found}  (wanted: {target.wanted})"
