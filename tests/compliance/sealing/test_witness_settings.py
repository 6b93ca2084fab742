"""How witnesses are named, and what is refused before anything is served."""

from collections.abc import Sequence

import pytest
from django.test import override_settings

from compliance.checks import check_witnesses
from compliance.sealing.cosigning.witnesses import EntryInvalid, parse
from compliance.trail import note
from compliance.trail.text import encode64
from tests.support.witness import Log

ONE, TWO = ("one.example", bytes([2]) * 32), ("two.example", bytes([5]) * 32)


def vkey(name: str, public: bytes) -> str:
    return note.vkey(name, public, note.COSIGNATURE)


def found(words: Sequence[str], quorum: int = 0, profile: str = "embedded", seconds: int = 5) -> list[str | None]:
    """The numbers of the complaints."""
    given = {"WITNESSES": list(words), "WITNESS_QUORUM": quorum, "WITNESS_SECONDS": seconds, "PROFILE": profile}
    with override_settings(**given):
        return [each.id for each in check_witnesses(None)]


def test_witnesses_that_can_be_asked_are_accepted() -> None:
    words = [f"{vkey(*ONE)}=https://w.example/log", f"{vkey(*TWO)}=http://127.0.0.1:7380"]
    assert [(each.name, each.url) for each in parse(words)] == [
        ("one.example", "https://w.example/log"),
        ("two.example", "http://127.0.0.1:7380"),
    ]
    assert found(words, 2, "production") == []
    assert found([f"{vkey(*ONE)}=unix:/run/w.sock"], 1, "production") == []
    assert found([]) == []


@pytest.mark.parametrize(
    "word",
    [
        *(
            "",
            "x",
            "https://w.example",
            vkey(*ONE),
            f"{vkey(*ONE)}=",
            f"{vkey(*ONE)}=w.example",
            f"{vkey(*ONE)}=ftp://w",
        ),
        *(
            f"{Log().vkey}=https://w.example",
            f"x{vkey(*ONE)}=https://w.example",
            f"a+b+{encode64(bytes(33))}=https://w",
        ),
    ],
)
def test_what_names_no_witness_is_refused(word: str) -> None:
    with override_settings(WITNESSES=[word]), pytest.raises(EntryInvalid):
        parse([word])
    assert found([word]) == ["qenex.E050"]


def test_a_quorum_that_can_never_be_is_refused() -> None:
    word = f"{vkey(*ONE)}=https://w.example"
    assert [found([word], quorum) for quorum in (-1, 0, 1, 2)] == [["qenex.E051"], [], [], ["qenex.E051"]]
    assert found([], 1) == found([word], 1, seconds=0) == ["qenex.E051"]


def test_one_witness_does_not_count_as_two() -> None:
    one, other = f"{vkey(*ONE)}=https://a", f"{vkey('other.example', ONE[1])}=https://b"
    same_name = f"{vkey(ONE[0], TWO[1])}=https://c"
    assert found([one, one], 2) == found([one, other], 2) == found([one, same_name], 2) == ["qenex.E052"]
    assert found([one, f"{vkey(*TWO)}=https://a"], 2) == []


@pytest.mark.parametrize("host", ["w.example", "10.0.0.1", "[2001:db8::1]", "localhost.example", ""])
def test_nobody_is_asked_over_a_network_in_clear_in_production(host: str) -> None:
    word = f"{vkey(*ONE)}=http://{host}:7380"
    assert (found([word], 1, "production"), found([word], 1)) == (["qenex.E053"], [])


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "127.9.9.9"])
def test_this_machine_may_be_asked_in_clear(host: str) -> None:
    assert found([f"{vkey(*ONE)}=http://{host}:7380"], 1, "production") == []
