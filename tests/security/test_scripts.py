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


_NAMED = re.compile(
    r"__proto__|\bprototype\b|\bObject\.(?:fromEntries|setPrototypeOf|defineProperty)\(|\bObject\.assign\([^,]+,(?!\s*\{)"
    r"|(?<!const )(?<!let )\[(?![\"'`\d])[^\[\]]+\]\s*(?:[-+*/|&]|\?\?|\|\|)?=(?!=)|\{\s*\["
)
"""Writing a property whose name is computed, copying properties of what came in, or touching prototypes."""
_OWN_TEMPLATE = re.compile(r"holder\.innerHTML = document\.getElementById\(\"empty-line\"\)\.innerHTML\.replaceAll")
"""An empty line of the journal's form: the server's own HTML, and a number."""
_OWN_HEADER = "request.headers[place.dataset.csrfHeader] ="
"""The name of a header, which the server has written into the page."""


def test_there_are_scripts() -> None:
    assert len(SCRIPTS) >= 4


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
@pytest.mark.parametrize("pattern", [_HTML, _CODE, _KEPT, _OTHERS], ids=["html", "code", "kept", "others"])
def test_no_script_makes_html_of_text_runs_text_keeps_anything_or_speaks_to_others(
    script: Path, pattern: "re.Pattern[str]"
) -> None:
    assert pattern.findall(_OWN_TEMPLATE.sub("", script.read_text())) == []


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_no_script_writes_a_property_whose_name_came_in(script: Path) -> None:
    assert _NAMED.findall(script.read_text().replace(_OWN_HEADER, "")) == []


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("target[name] = value;", True),
        ("target[data.key]= value", True),
        ("target[name] ??= {}", True),
        ("const made = {[name]: 1};", True),
        ("Object.assign(target, JSON.parse(text))", True),
        ("target.__proto__.x = 1", True),
        ("Object.assign(target, answer);", True),
        ("const [one, two] = pair;", False),
        ("Object.assign(input.dataset, { asset: account.asset });", False),
        ("rows[0] = first; if (rows[at] === wanted) done();", False),
        ("const found = table[name]; field.value = found;", False),
        ("const kept = new Map(); kept.set(name, value);", False),
    ],
)
def test_the_search_for_such_writing_finds_it(code: str, found: bool) -> None:
    """And nothing but it: arrays are taken apart, rows have numbers, and maps have no prototype to be changed."""
    assert bool(_NAMED.search(code)) == found
