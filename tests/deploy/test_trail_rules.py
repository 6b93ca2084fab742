"""The alarms of the audit trail name metrics that there are; where Prometheus' own tool is installed, it reads them."""

import re
import shutil
import subprocess

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


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed (Debian: prometheus)")
def test_promtool_reads_them() -> None:
    done = subprocess.run(
        ["promtool", "check", "rules", str(RULES)],  # noqa: S607  # wherever it is installed
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
