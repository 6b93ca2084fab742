"""The software bill of materials (CycloneDX 1.6, JSON): what runs in production, with versions, hashes and licences.

    python -m deploy.sbom FILE

The pinned requirements say what belongs to it, the environment what that depends on and under which licences, and the
files themselves which browser libraries lie within. The same inputs make the same bytes: no time, no serial number.
"""

import hashlib
import json
import subprocess
import sys
import tempfile
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.utils import canonicalize_name

from deploy.vendored import VENDORED, Vendored

ROOT = Path(__file__).resolve().parent.parent
ROOT_REF = "root-component"
LICENCES = {"channels-redis": "BSD-3-Clause", "uritemplate": "BSD-3-Clause OR Apache-2.0"}
"""Of packages whose metadata does not say it in a way that a machine understands; read in their licence files."""
Document = dict[str, Any]


class Incomplete(Exception):
    """The list cannot be made; the message says what is missing."""


def main(target: str) -> str:
    """Writes the list; a line about it. Raises Incomplete."""
    with tempfile.TemporaryDirectory() as directory:
        pinned = _cyclonedx(Path(directory), "requirements", "requirements.txt")
        installed = _cyclonedx(Path(directory), "environment", sys.executable)
    document = bill(pinned, installed)
    validate(document)
    Path(target).parent.mkdir(parents=True, exist_ok=True)
    Path(target).write_text(text(document))
    return f"{target}: {len(document['components'])} components, {len(VENDORED)} of them libraries of the browser's"


def bill(pinned: Document, installed: Document) -> Document:
    """One list out of what is pinned and what is installed. Raises Incomplete."""
    known = {_key(component): component for component in installed["components"]}
    missing = sorted({_key(each) for each in pinned["components"]} - set(known))
    if missing:
        raise Incomplete(f"not installed as pinned: {', '.join('=='.join(each) for each in missing)}")
    components = [_merged(each, known[_key(each)]) for each in pinned["components"]]
    components += [_component(each) for each in VENDORED]
    unlicensed = [component["name"] for component in components if not component["licenses"]]
    if unlicensed:
        raise Incomplete(f"without a licence: {', '.join(unlicensed)}")
    return {
        "$schema": installed["$schema"],
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": installed["metadata"],
        "components": sorted(components, key=lambda component: str(component["bom-ref"])),
        "dependencies": _dependencies(installed, {component["bom-ref"] for component in components} | {ROOT_REF}),
    }


def validate(document: Document) -> None:
    """Raises Incomplete where the schema of CycloneDX says no."""
    error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text(document))
    if error is not None:
        raise Incomplete(f"not CycloneDX 1.6: {error.data}")


def text(document: Document) -> str:
    """The bytes that are written, always in the same order."""
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _cyclonedx(directory: Path, *source: str) -> Document:
    target = directory / f"{source[0]}.json"
    options = [
        "--pyproject",
        "pyproject.toml",
        "--sv",
        "1.6",
        "--of",
        "JSON",
        "--output-reproducible",
        "--no-validate",  # the bill that is made of it is validated, which takes a tenth of the time
        "-o",
        str(target),
    ]
    command = [sys.executable, "-W", "ignore", "-m", "cyclonedx_py", *source, *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Incomplete(done.stderr.strip().splitlines()[-1])
    document: Document = json.loads(target.read_text())
    return document


def _key(component: Document) -> tuple[str, str]:
    return canonicalize_name(component["name"]), component["version"]


def _merged(pinned: Document, installed: Document) -> Document:
    """The installed component, with the hashes that its file must have had."""
    licence = LICENCES.get(canonicalize_name(installed["name"]))
    licences = [{"expression": licence}] if licence else installed.get("licenses", [])
    return {**installed, "licenses": licences, "externalReferences": pinned["externalReferences"]}


def _component(vendored: Vendored) -> Document:
    owner = distribution(vendored.owner)
    path = owner.locate_file(vendored.path)
    content = Path(str(path)).read_bytes()
    version = vendored.version(content.decode())
    if version is None:
        raise Incomplete(f"{vendored.path} does not say which {vendored.name} it is")
    purl = f"pkg:npm/{vendored.name}@{version}"
    return {
        "bom-ref": purl,
        "type": "library",
        "name": vendored.name,
        "version": version,
        "purl": purl,
        "licenses": [{"license": {"id": vendored.licence}}],
        "hashes": [{"alg": "SHA-256", "content": hashlib.sha256(content).hexdigest()}],
        "properties": [{"name": "qenex:within", "value": f"{vendored.owner}: {vendored.path}"}],
    }


def _dependencies(installed: Document, listed: set[str]) -> list[Document]:
    """Who needs whom, of those that are listed."""
    return [
        {"ref": each["ref"], "dependsOn": [ref for ref in each.get("dependsOn", ()) if ref in listed]}
        for each in installed["dependencies"]
        if each["ref"] in listed
    ]


if __name__ == "__main__":
    try:
        print(main(sys.argv[1]))
    except Incomplete as problem:
        sys.exit(f"no bill of materials: {problem}")
