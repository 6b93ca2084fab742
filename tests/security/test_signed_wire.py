"""Signed requests to the real server: what one process has accepted, no other one does again."""

import pytest
from django.test import Client

from tests.kernel.conftest import make_user
from tests.support.signing import Program, make_program
from tests.support.web import Reply, Web

pytestmark = pytest.mark.usefixtures("database")
PATH = "/api/v1/books"


@pytest.fixture
def program(database: None) -> Program:
    """A key that may look."""
    return make_program(make_user("ledger.view_book"), "read")


def _get(web: Web, path: str, fields: dict[str, str]) -> Reply:
    return web.get(path, *(f"{name}: {value}" for name, value in fields.items()))


def test_a_replay_to_another_process_is_refused(web: Web, program: Program) -> None:
    host = f"127.0.0.1:{web.port}"
    fields = program.headers("GET", PATH, host=f"http://{host}")
    assert _get(web, PATH, fields).status == 200
    again = Client().get(PATH, headers={**fields, "Host": host})
    assert (again.status_code, again.json()["code"]) == (401, "nonce_reused")
    fields = program.headers("GET", PATH, host=f"http://{host}")
    assert Client().get(PATH, headers={**fields, "Host": host}).status_code == 200
    assert b'"nonce_reused"' in _get(web, PATH, fields).body


@pytest.mark.parametrize("path", [PATH, f"{PATH}?code=a%20b", f"{PATH}?code=a+b&", "/api/v1/%62ooks"])
def test_the_address_is_signed_as_it_is_on_the_wire(web: Web, program: Program, path: str) -> None:
    host = f"http://127.0.0.1:{web.port}"
    assert _get(web, path, program.headers("GET", path, host=host)).status == 200
    other = f"{path}{'&' if '?' in path else '?'}x=1"
    refused = _get(web, other, program.headers("GET", path, host=host))
    assert (refused.status, b'"signature_invalid"' in refused.body) == (401, True)
