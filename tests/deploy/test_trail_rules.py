"""The alarms of the audit trail name metrics that there are; where Prometheus' own tool is installed, it reads them."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from django.conf import settings
from prometheus_client import REGISTRY

from compliance.alarms.metrics import OPEN
from compliance.checking.services import VERIFIED
from compliance.models import Source
from compliance.sealing import metrics
from compliance.sealing.cosigning.metrics import CONTRADICTED

RULES = settings.BASE_DIR / "deploy" / "monitoring" / "trail.rules.yml"
GUIDE = settings.BASE_DIR / "docs" / "guide" / "trail.md"


needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool is not installed (Debian: prometheus)"
)


def rules() -> list[dict[str, object]]:
    """The alarms of all groups."""
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def test_every_alarm_has_what_prometheus_asks_for_and_is_explained() -> None:
    assert len(rules()) == 8
    page = GUIDE.read_text()
    for rule in rules():
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
        assert set(rule) >= {"alert", "expr", "labels", "annotations"}
        assert f"`{rule['alert']}`" in page


def test_every_metric_of_an_alarm_is_one_of_ours() -> None:
    metrics.refused(None)
    CONTRADICTED.labels("w").set(0)
    OPEN.labels(Source.values[0]).set(0)
    VERIFIED.set(0)
    metrics.holder(1, "u", "a", seconds=0.0)
    ours = {sample.name for metric in REGISTRY.collect() for sample in metric.samples}
    named = {name for rule in rules() for name in re.findall(r"qenex_trail_\w+", str(rule["expr"]))}
    assert len(named) == 10
    assert named <= ours


def promtool(*arguments: object) -> None:
    """Prometheus' own tool is content."""
    command = ["promtool", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
def test_promtool_reads_them() -> None:
    promtool("check", "rules", RULES)


@needs_promtool
def test_they_fire_when_they_should_and_at_no_other_time(tmp_path: Path) -> None:
    cases = tmp_path / "cases.yml"
    cases.write_text(Path(__file__).with_name("trail_rules.yml").read_text().replace("RULES", str(RULES)))
    promtool("test", "rules", cases)
