"""The bill of materials: all that is pinned and all that lies within, with licences, in the same bytes each time."""

import copy
import json
import sys
from importlib.metadata import files
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles.finders import get_finders

from deploy import sbom
from deploy.audit import pinned
from deploy.vendored import VENDORED
from qenex.apps import StaticFilesConfig


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> tuple[sbom.Document, sbom.Document]:
    """What the real program says is pinned, and what is installed."""
    place = tmp_path_factory.mktemp("sbom")
    listed = sbom._cyclonedx(place, "requirements", "requirements.txt")
    return listed, sbom._cyclonedx(place, "environment", sys.executable)


@pytest.fixture
def document(sources: tuple[sbom.Document, sbom.Document]) -> sbom.Document:
    return copy.deepcopy(sbom.bill(*sources))


def test_it_is_valid_and_complete(document: sbom.Document) -> None:
    sbom.validate(document)
    names = {component["purl"].partition("@")[0] for component in document["components"]}
    wanted = pinned((sbom.ROOT / "requirements.txt").read_text())
    assert {f"pkg:pypi/{name}" for name in wanted} | {f"pkg:npm/{each.name}" for each in VENDORED} == names
    assert document["metadata"]["component"]["name"] == "qenex"
    assert document["specVersion"] == "1.6"


def test_every_component_has_a_licence_and_hashes(document: sbom.Document) -> None:
    for component in document["components"]:
        assert component["licenses"], component["name"]
        hashes = component.get("hashes") or component["externalReferences"][0]["hashes"]
        assert len(hashes[0]["content"]) == 64, component["name"]


def test_tools_of_development_are_not_in_it(document: sbom.Document) -> None:
    names = {component["name"].lower() for component in document["components"]}
    assert names & {"pytest", "mypy", "ruff", "playwright", "cyclonedx-bom"} == set()


def test_the_dependencies_start_at_the_application(document: sbom.Document) -> None:
    tree = {each["ref"]: set(each["dependsOn"]) for each in document["dependencies"]}
    refs = {component["bom-ref"] for component in document["components"]}
    assert any(ref.startswith("Django==") for ref in tree[sbom.ROOT_REF])
    assert set().union(*tree.values()) <= refs


def test_the_same_inputs_make_the_same_bytes(sources: tuple[sbom.Document, sbom.Document]) -> None:
    pinned, installed = sources
    shuffled = {**pinned, "components": pinned["components"][::-1]}
    text = sbom.text(sbom.bill(pinned, installed))
    assert sbom.text(sbom.bill(shuffled, installed)) == text
    assert "serialNumber" not in json.loads(text)
    assert "timestamp" not in json.loads(text)["metadata"]


def _without_licence(pinned: Any, installed: Any) -> None:
    installed["components"] = [{**each, "licenses": []} for each in installed["components"]]


def _other_version(pinned: Any, installed: Any) -> None:
    pinned["components"][0]["version"] = "0.0.0"


@pytest.mark.parametrize(
    ("harm", "said"),
    [(_without_licence, r"^without a licence: "), (_other_version, r"^not installed as pinned: .+==0\.0\.0$")],
)
def test_what_is_missing_is_told(sources: tuple[sbom.Document, sbom.Document], harm: Any, said: str) -> None:
    pinned, installed = copy.deepcopy(sources)
    harm(pinned, installed)
    with pytest.raises(sbom.Incomplete, match=said):
        sbom.bill(pinned, installed)


def test_what_the_schema_refuses_is_not_written(document: sbom.Document) -> None:
    document["components"][0]["type"] = "nonsense"
    with pytest.raises(sbom.Incomplete, match=r"^not CycloneDX 1\.6: "):
        sbom.validate(document)


def test_no_library_of_the_browser_s_is_forgotten() -> None:
    """Whatever lies in a folder of vendored or distributed files that pages may load is one of those listed."""
    ignored = StaticFilesConfig.ignore_patterns
    served = {path for finder in get_finders() for path, _ in finder.list(ignored)}
    foreign = {
        str(Path(path).parent) for path in served if path.endswith(".js") and ("vendor" in path or "dist" in path)
    }
    listed = {str(Path(each.path.partition("/static/")[2]).parent) for each in VENDORED}
    assert {folder for folder in foreign if not any(folder.startswith(each) for each in listed)} == set()
    assert not any("rest_framework" in path or "redoc" in path for path in served)


@pytest.mark.parametrize("vendored", VENDORED, ids=lambda each: each.name)
def test_each_of_them_says_its_version(vendored: Any) -> None:
    [found] = [path for path in files(vendored.owner) or () if str(path) == vendored.path]
    assert vendored.version(Path(str(found.locate())).read_text()) is not None
