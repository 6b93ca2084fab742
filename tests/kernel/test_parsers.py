"""What two readers could understand differently is refused."""

from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.exceptions import ParseError

from qenex.kernel import canonical
from qenex.kernel.parsers import loads

REFUSED = {
    b"": "Expecting value at line 1, column 1.",
    b"{": "Expecting property name enclosed in double quotes at line 1, column 2.",
    b'{"a": 1, "a": 1}': "The key 'a' is given twice in one object.",
    b'{"x": {"a": 1, "b": 2, "a": 3}}': "The key 'a' is given twice in one object.",
    b'{"a": 1.0}': "The number 1.0 has a fraction or an exponent; write it as a string.",
    b'{"a": 1e3}': "The number 1e3 has a fraction or an exponent; write it as a string.",
    b'{"a": NaN}': "NaN is not JSON.",
    b'{"a": -Infinity}': "-Infinity is not JSON.",
    b'"\xff"': "The body is not UTF-8.",
    b'{"a": "\xed\xa0\x80"}': "The body is not UTF-8.",
    b"\xef\xbb\xbf{}": "Unexpected UTF-8 BOM (decode using utf-8-sig) at line 1, column 1.",
    '{"a": 1}'.encode("utf-16"): "The body is not UTF-8.",
    b"[" * 100_000: "The body is nested too deeply.",
    b"1" * 5_000: "A number has too many digits.",
    b'{"a": ["\\ud800"]}': "A text holds NUL or half a surrogate pair.",
    b'{"\\u0000": 1}': "A text holds NUL or half a surrogate pair.",
    b'{"a": "\n"}': "Invalid control character at at line 1, column 8.",
    b"{} {}": "Extra data at line 1, column 4.",
}


@pytest.mark.parametrize(("raw", "message"), REFUSED.items(), ids=range(len(REFUSED)))
def test_it_is_refused_with_its_reason(raw: bytes, message: str) -> None:
    with pytest.raises(ParseError) as refused:
        loads(raw)
    assert str(refused.value.detail) == message


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(codec="ascii")), inner, max_size=4)
    ),
    max_leaves=10,
)


@given(JSON.filter(lambda value: "\\u0000" not in canonical.encode(value).decode()))
def test_what_is_written_canonically_is_read_back(value: Any) -> None:
    assert loads(canonical.encode(value)) == value


def test_a_surrogate_pair_is_one_character() -> None:
    assert loads(b'"\\ud83d\\ude00"') == "\N{GRINNING FACE}"


def _echo(api: Client, body: bytes, kind: str) -> Any:
    return api.post("/api/v1/test/echo", body, content_type=kind)


@pytest.mark.urls("tests.kernel.routes")
def test_a_malformed_body_is_a_problem(api: Client) -> None:
    response = _echo(api, b'{"a": 1.5}', "application/json")
    assert (response.status_code, response.json()["code"]) == (400, "malformed")
    assert response.json()["detail"] == "The number 1.5 has a fraction or an exponent; write it as a string."


@pytest.mark.urls("tests.kernel.routes")
def test_another_charset_is_no_json(api: Client) -> None:
    response = _echo(api, b'"x"', "application/json; charset=latin-1")
    assert (response.status_code, response.json()["code"]) == (415, "unsupported_media_type")
    assert _echo(api, b'"x"', 'application/json; charset="UTF-8"').json() == "x"


@pytest.mark.urls("tests.kernel.routes")
def test_lines_of_json_are_a_list(api: Client) -> None:
    body = b'{"a": 1}\n\n{"b": "\\n"}\r\n'
    assert _echo(api, body, "application/x-ndjson").json() == [{"a": 1}, {"b": "\n"}]


@pytest.mark.urls("tests.kernel.routes")
@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b'{"a": 1}\n[]\n', "Line 2: each line must be a JSON object."),
        (b'{"a": 1}\n{"a": 1, "a": 2}', "Line 2: The key 'a' is given twice in one object."),
        (b"{}\n{}\n{", "Line 3: Expecting property name enclosed in double quotes at line 1, column 2."),
    ],
)
def test_a_bad_line_is_named(api: Client, body: bytes, detail: str) -> None:
    response = _echo(api, body, "application/x-ndjson")
    assert (response.status_code, response.json()["detail"]) == (400, detail)
