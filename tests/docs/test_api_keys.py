"""The clients of the page about API keys work as they are written there, against the real server."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.models import Transfer
from qenex.access.keyscopes import DESCRIBED, NAMED
from tests.docs.pages import ROOT, blocks, table
from tests.kernel.conftest import make_user
from tests.ledger.api.conftest import transfer
from tests.support.ledger import Shop, make_shop
from tests.support.signing import Program, make_program
from tests.support.web import Web, serving

PAGE = ROOT / "docs" / "guide" / "api-keys.md"
CLIENT = ROOT / "docs" / "guide" / "examples" / "signed_client.py"


@pytest.fixture(scope="module")
def web(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """The web server."""
    with serving(tmp_path_factory.mktemp("keys") / "log") as server:
        yield server


@pytest.fixture
def shop(database: None) -> Shop:
    """A book with two customers."""
    return make_shop(2, funds="100")


@pytest.fixture
def program(database: None) -> Program:
    """A key for what the page shows."""
    return make_program(make_user("ledger.view_book", "ledger.post_transfer"), "read", "transfers")


def _environment(program: Program) -> dict[str, str]:
    return {**os.environ, "QENEX_KEY": program.key.key_id, "QENEX_SECRET": program.secret.hex()}


def _client(program: Program, *words: str) -> tuple[int, str]:
    """Exit code and output of the client."""
    command = [sys.executable, "-I", str(CLIENT), *words]
    done = subprocess.run(command, env=_environment(program), capture_output=True, text=True, check=False, timeout=60)
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_the_python_client_reads_and_posts(web: Web, shop: Shop, program: Program) -> None:
    root = f"http://127.0.0.1:{web.port}/api/v1"
    code, said = _client(program, "GET", f"{root}/books?code={shop.book.code}")
    assert (code, [book["code"] for book in json.loads(said)["results"]]) == (0, [shop.book.code])
    given = transfer(shop)
    code, said = _client(program, "POST", f"{root}/transfers", json.dumps({**given, "book": shop.book.code}))
    assert (code, json.loads(said)["id"]) == (0, given["id"])
    assert Transfer.objects.filter(pk=given["id"]).exists()


def test_the_python_client_says_what_is_wrong(web: Web, program: Program) -> None:
    other = Program(program.key, bytes(32))
    code, said = _client(other, "GET", f"http://127.0.0.1:{web.port}/api/v1/books")
    assert (code, json.loads(said)["code"]) == (1, "signature_invalid")


def test_the_python_client_is_short_and_needs_nothing() -> None:
    text = CLIENT.read_text()
    assert len(text.splitlines()) <= 60
    imported = re.findall(r"^import (\w+)", text, re.MULTILINE)
    assert set(imported) <= sys.stdlib_module_names


def test_the_recipe_for_curl_and_openssl_posts(web: Web, shop: Shop, program: Program, tmp_path: Path) -> None:
    bash = shutil.which("bash")
    if bash is None or not all(shutil.which(each) for each in ("curl", "openssl", "base64")):
        pytest.skip("bash, curl, openssl and base64 are not all installed")
    given = transfer(shop)
    environment = {
        **_environment(program),
        "API": f"http://127.0.0.1:{web.port}/api/v1",
        "BOOK": shop.book.code,
        "FROM": given["debit_account"],
        "TO": given["credit_account"],
    }
    [recipe] = blocks(PAGE, "bash")
    done = subprocess.run(
        [bash, "-eu", "-c", recipe], env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    answered = json.loads(done.stdout)
    assert "id" in answered, answered
    assert (answered["status"], Transfer.objects.filter(pk=answered["id"]).exists()) == ("posted", True)


def test_every_scope_with_a_name_is_in_the_table() -> None:
    assert table(PAGE, "## Scopes") == [[f"`{name}`", str(DESCRIBED[name])] for name in NAMED]
