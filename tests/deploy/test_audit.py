"""The audit fails where pip-audit itself says that all is well because it knows nothing."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from deploy import audit
from deploy.audit import CLEAN, UNKNOWN, VULNERABLE, Verdict, judge, pinned

REQUIREMENTS = """\
amqp==5.4.2 \\
    --hash=sha256:9362660c4a31150cf18e78cae2ce8aa1e929fc6c6739e69f6dd5dbea9c3edc82
channels_redis==4.3.0 \\
    --hash=sha256:e6e756b15c89c86818b48a4947a424706238afbf67d457428d3269bc4590db9e
celery[redis]==5.7.0 ; python_version >= "3" \\
    --hash=sha256:694ae5cc8a42f4c4e2bf2ca0e64e51e23a040c6a517a85074683d3959e1346c1
tzdata==2026.1 ; sys_platform == "win32" \\
    --hash=sha256:fdc8b074db390fccb6eb4a3604ae7231f219aa669a2652e0f20e16ba513d5741
"""
WANTED = {"amqp", "celery", "channels-redis"}


def skipped(name: str) -> dict[str, Any]:
    """What pip-audit 2.10.1 wrote, with status 0, of each package that its service did not know."""
    return {"name": name, "skip_reason": f"Dependency not found on PyPI and could not be audited: {name} (1)"}


def looked_up(name: str, *found: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "version": "1", "vulns": list(found)}


def report(*dependencies: dict[str, Any]) -> str:
    return json.dumps({"dependencies": dependencies, "fixes": []})


FOUND = {"id": "PYSEC-2026-1", "fix_versions": ["5.4.3"], "aliases": [], "description": "…"}


def test_the_names_of_the_requirements_that_apply_here() -> None:
    assert pinned(REQUIREMENTS) == WANTED


@pytest.mark.parametrize(
    ("dependencies", "verdict"),
    [
        (
            [looked_up("amqp"), looked_up("celery"), looked_up("channels_redis")],
            Verdict(CLEAN, ["All 3 packages were audited; none has a known vulnerability."]),
        ),
        (
            [skipped("amqp"), skipped("celery"), skipped("channels_redis")],
            Verdict(UNKNOWN, ["NOT AUDITED: 3 of 3 packages: amqp, celery, channels-redis"]),
        ),
        (
            [looked_up("amqp"), skipped("celery"), looked_up("channels-redis")],
            Verdict(UNKNOWN, ["NOT AUDITED: 1 of 3 packages: celery"]),
        ),
        (
            [looked_up("amqp"), looked_up("celery")],
            Verdict(UNKNOWN, ["NOT AUDITED: 1 of 3 packages: channels-redis"]),
        ),
        (
            [looked_up("amqp", FOUND), looked_up("celery"), looked_up("channels-redis")],
            Verdict(VULNERABLE, ["VULNERABLE: amqp: PYSEC-2026-1, fixed in 5.4.3"]),
        ),
        (
            [looked_up("amqp", FOUND | {"fix_versions": []}), looked_up("celery"), skipped("channels-redis")],
            Verdict(
                VULNERABLE,
                [
                    "VULNERABLE: amqp: PYSEC-2026-1, fixed in none",
                    "NOT AUDITED: 1 of 3 packages: channels-redis",
                ],
            ),
        ),
    ],
)
def test_the_verdict(dependencies: list[dict[str, Any]], verdict: Verdict) -> None:
    assert judge(report(*dependencies), "", WANTED) == verdict


@pytest.mark.parametrize("output", ["", "No known vulnerabilities found", "{}", "[]", '{"dependencies": null}'])
def test_no_report_is_no_audit(output: str) -> None:
    """The network was out of reach: pip-audit ends with a traceback and writes nothing."""
    complaint = "Traceback …\nrequests.exceptions.ConnectionError: Failed to resolve 'api.osv.dev'\n"
    said = "NOT AUDITED: pip-audit gave no report: requests.exceptions.ConnectionError: Failed to resolve 'api.osv.dev'"
    assert judge(output, complaint, WANTED) == Verdict(UNKNOWN, [said])
    assert judge(output, "", WANTED).status == UNKNOWN


def test_a_long_list_is_cut() -> None:
    names = {f"p{number:02d}" for number in range(20)}
    [line] = judge(report(), "", names).lines
    assert line == "NOT AUDITED: 20 of 20 packages: p00, p01, p02, p03, p04, p05, p06, p07 and 12 more"


def test_nothing_to_audit_is_no_success() -> None:
    assert judge(report(), "", set()).status == UNKNOWN


@contextmanager
def service(vulnerable: str = "") -> Iterator[str]:
    """A service of vulnerabilities (OSV) of a test's own, which knows of one package's; its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # the name is the method's
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["package"]["name"]
            events = [{"introduced": "0"}, {"fixed": "99"}]
            package = {"name": asked, "ecosystem": "PyPI"}
            affected = [{"package": package, "ranges": [{"type": "ECOSYSTEM", "events": events}]}]
            advisory = {"id": "OSV-1", "summary": "…", "modified": "2026-01-01T00:00:00Z", "affected": affected}
            body = json.dumps({"vulns": [advisory]} if asked == vulnerable else {}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1/query"
        server.shutdown()
        thread.join()


@pytest.fixture
def three(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A project of three packages."""
    (tmp_path / "requirements.txt").write_text(REQUIREMENTS)
    monkeypatch.setattr(audit, "ROOT", tmp_path)


@pytest.mark.usefixtures("three")
def test_the_real_program_with_a_service_that_knows_all() -> None:
    with service() as address:
        assert audit.main(["-s", "osv", "--osv-url", address]).status == CLEAN
    with service("celery") as address:
        verdict = audit.main(["-s", "osv", "--osv-url", address])
    assert verdict == Verdict(VULNERABLE, ["VULNERABLE: celery: OSV-1, fixed in 99"])


@pytest.mark.usefixtures("three")
def test_the_real_program_without_a_service() -> None:
    verdict = audit.main(["-s", "osv", "--osv-url", "http://127.0.0.1:9/v1/query", "--timeout", "2"])
    assert verdict.status == UNKNOWN
    assert verdict.lines[0].startswith("NOT AUDITED: pip-audit gave no report: ")
