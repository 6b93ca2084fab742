"""Nobody undoes a change that they have not seen."""

import json
from typing import Any

import pytest
from django.test import Client

from qenex.kernel import versions
from qenex.kernel.etags import etag, expected_version
from qenex.kernel.problems import Problem
from tests.kernel import routes

pytestmark = pytest.mark.urls("tests.kernel.routes")
URL = "/api/v1/test/row"


@pytest.fixture(autouse=True)
def row() -> routes.Row:
    """A new row at its first version."""
    routes.RowView.row = routes.Row()
    return routes.RowView.row


def _patch(api: Client, name: str, **headers: str) -> Any:
    return api.patch(URL, json.dumps({"name": name}), content_type="application/json", headers=headers)


def test_a_row_has_a_tag_of_its_version(api: Client, row: routes.Row) -> None:
    response = api.get(URL)
    assert (response.status_code, response["ETag"], response.json()) == (200, f'"{row.pk}.1"', {"name": "first"})
    assert response["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize("prefix", ["", "W/", '"other", '])
def test_what_the_client_has_is_not_sent_again(api: Client, row: routes.Row, prefix: str) -> None:
    shown = routes.RowView.shown
    response = api.get(URL, headers={"If-None-Match": f'{prefix}"{row.pk}.1"'})
    assert (response.status_code, response.content, response["ETag"]) == (304, b"", f'"{row.pk}.1"')
    assert routes.RowView.shown == shown


def test_another_version_is_sent(api: Client, row: routes.Row) -> None:
    assert api.get(URL, headers={"If-None-Match": f'"{row.pk}.0"'}).status_code == 200


def test_a_change_names_what_it_changes(api: Client, row: routes.Row) -> None:
    response = _patch(api, "second", **{"If-Match": f'"{row.pk}.1"'})
    assert (response.status_code, response["ETag"], row.name) == (200, f'"{row.pk}.2"', "second")
    stale = _patch(api, "third", **{"If-Match": f'"{row.pk}.1"'})
    assert (stale.status_code, stale.json()["code"], row.name) == (412, "precondition_failed", "second")


def test_a_change_without_the_header_is_refused(api: Client, row: routes.Row) -> None:
    response = _patch(api, "second")
    assert (response.status_code, response.json()["code"], row.name) == (428, "precondition_required", "first")


def test_any_version_may_be_asked_for(api: Client, row: routes.Row) -> None:
    row.version = 9
    assert _patch(api, "second", **{"If-Match": "*"})["ETag"] == f'"{row.pk}.10"'


@pytest.mark.parametrize("header", ['"x.1"', 'W/"7.1"', '"7.x"', '"7."', '"7.-1"', "7.1", '"7.²"'])
def test_a_foreign_or_weak_tag_is_stale(header: str) -> None:
    with pytest.raises(versions.Stale):
        expected_version(header, 7)


def test_one_of_several_tags_is_enough() -> None:
    assert expected_version('"6.1", "7.4"', 7) == 4


def test_no_tag_at_all_is_a_problem() -> None:
    with pytest.raises(Problem):
        expected_version("", 7)


def test_versions_are_compared() -> None:
    versions.check(3, 3)
    versions.check(3, None)
    with pytest.raises(versions.Stale):
        versions.check(3, 2)


def test_the_tag() -> None:
    assert etag(7, 2) == '"7.2"'
