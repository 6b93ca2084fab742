"""The pages' tables say all that the code says, and nothing else."""

import re

from django.conf import settings
from django.urls import get_resolver

from ledger.api.problems import REFUSALS
from ledger.domain.results import DETAILS, Code
from ledger.importing.profile import FIELDS, SHIPPED
from qenex.kernel import problems
from tests.docs.pages import ROOT, table

GUIDE = ROOT / "docs" / "guide"
_READ = re.compile(
    r"""env\.(?:text|integer|boolean|choice|words|rate)\(\s*"([A-Z\d_]+)"|os\.environ\.get\("([A-Z\d_]+)"\)"""
)


def test_every_reason_for_a_refusal_is_in_the_table() -> None:
    written = table(GUIDE / "api.md", "## Why a transfer is refused")
    assert written == [[f"`{code}`", str(REFUSALS[code].status), DETAILS[code]] for code in Code]


def test_every_other_problem_is_in_the_table() -> None:
    assert get_resolver().url_patterns  # every API is loaded, and has registered its own
    refusals = {code.value for code in Code}
    others = [kind for kind in problems.kinds() if kind.code not in refusals and not kind.code.startswith("test")]
    written = table(GUIDE / "api.md", "## Other problems")
    assert written == [[f"`{kind.code}`", str(kind.status), kind.title] for kind in others]


def test_every_environment_variable_is_in_the_table() -> None:
    sources = [path for path in (ROOT / "qenex").rglob("*.py") if path != ROOT / "qenex" / "env.py"]
    found = [match for path in sources for match in _READ.findall(path.read_text())]
    read = {first or second for first, second in found}
    written = [row[0].strip("`") for row in table(GUIDE / "operations.md", "## Settings")]
    assert (set(written), len(written)) == (read, len(read))


def test_every_check_of_the_system_is_in_the_table() -> None:
    sources = [path.read_text() for app in ("qenex", "compliance") for path in (ROOT / app).rglob("*checks.py")]
    numbers = sorted({number for source in sources for number in re.findall(r'"(?:qenex\.)?([EW]\d{3})"', source)})
    written = [row[0] for row in table(GUIDE / "operations.md", "## Checks")]
    assert written == [f"`qenex.{number}`" for number in numbers]


def test_every_profile_and_field_of_an_import_is_named() -> None:
    page = (GUIDE / "imports.md").read_text()
    assert [path.stem for path in SHIPPED.glob("*.toml") if f"`{path.stem}`" not in page] == []
    assert [row[0].strip("`") for row in table(GUIDE / "imports.md", "## Fields")] == list(FIELDS)


def test_the_limits_are_those_of_the_code() -> None:
    page = (GUIDE / "api.md").read_text()
    assert f"{settings.LEDGER_BATCH_MAX:,} transfers" in page
    assert f"{settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 1024**2} MB" in page
