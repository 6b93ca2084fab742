"""What our own scripts do not do."""

import re
from pathlib import Path

import pytest

from tests.docs.pages import ROOT

SCRIPTS = sorted(path for app in ("qenex", "ledger", "compliance", "static") for path in (ROOT / app).rglob("*.js"))
_HTML = re.compile(r"\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write|srcdoc|DOMParser|setHTMLUnsafe)\b")
_CODE = re.compile(r"\beval\(|new Function\(|set(?:Timeout|Interval)\(\s*[\"'`]|javascript:")
_KEPT = re.compile(r"\b(localStorage|sessionStorage|indexedDB|document\.cookie|caches\.)")
_OTHERS = re.compile(r"https?://|\bpostMessage\b|\bimport\(\s*[^\"'`)]")


_OWN_TEMPLATE = re.compile(r"holder\.innerHTML = document\.getElementById\(\"empty-line\"\)\.innerHTML\.replaceAll")
"""An empty line of the journal's form: the server's own HTML, and a number."""


def test_there_are_scripts() -> None:
    assert len(SCRIPTS) >= 4


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
@pytest.mark.parametrize("pattern", [_HTML, _CODE, _KEPT, _OTHERS], ids=["html", "code", "kept", "others"])
def test_no_script_makes_html_of_text_runs_text_keeps_anything_or_speaks_to_others(
    script: Path, pattern: "re.Pattern[str]"
) -> None:
    assert pattern.findall(_OWN_TEMPLATE.sub("", script.read_text())) == []
