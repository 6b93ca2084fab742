"""Whether a password is easy to guess: what is left of it without the pieces that everybody tries.

Taken away are words that belong to the place (the product, the trade, the site's and the user's own names), walks on a
keyboard and sequences, repetitions, years, and the digits and signs that are put around a word. Digits and signs that
stand for letters are read as those. Whatever remains must be long enough, and must not be a common password itself.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator

_TRADE = (
    "qenex admin administrator auditor backoffice bank banking change changeme compliance default demo finance ledger "
    "letmein localhost login money office operations operator passphrase password passwort payment payments qwerty "
    "root secret staff superuser teller test treasurer treasury welcome"
)
WORDS = frozenset(_TRADE.split())
"""Words that no guess leaves out here; documented in the guide."""

JUDGED = 128
"""How many characters are looked at, so that the cost of one look does not grow with what somebody sends."""
LEAST, DISTINCT = 6, 5
"""How many characters must be left, and how many different ones."""
SHORTEST_WORD = 3

_KEYS = (
    "1234567890 qwertyuiop asdfghjkl zxcvbnm qwertzuiop yxcvbnm azertyuiop qsdfghjklm wxcvbn "
    "1qaz 2wsx 3edc 4rfv 5tgb 6yhn 7ujm abcdefghijklmnopqrstuvwxyz"
)
_BLOCKS = ("123", "321", "qwe", "asd", "zxc", "yxc", "qaz", "wsx", "edc", "rfv", "tgb")
_BLOCK, _WALK = 3, 4
_SHIFTED = str.maketrans("!@#$%^&*()", "1234567890")
_LETTERS = str.maketrans("@4301!$57", "aaeoiisst")
_AS_L = str.maketrans("1!|", "lll")
_YEAR = re.compile(r"(?:19|20)\d\d")
_REPEATED = re.compile(r"(.{1,4}?)\1{2,}")
_BEFORE, _AFTER = re.compile(r"^[\W\d_]{1,2}"), re.compile(r"[\W\d_]{1,6}$")


def _walks() -> frozenset[str]:
    lines = [line for each in _KEYS.split() for line in (each, each[::-1])]
    return frozenset(line[at : at + _WALK] for line in lines for at in range(len(line) - _WALK + 1)) | {*_BLOCKS}


_WALKS = _walks()


def guessable(password: str, *, words: Iterable[str] = (), common: frozenset[str] = frozenset()) -> bool:
    """Whether too little is left of the password, or one of `common` (in lower case); `words` are names to avoid."""
    text = unicodedata.normalize("NFKC", password[:JUDGED]).casefold()[:JUDGED]
    known = WORDS | {part for word in words for part in parts(word)}
    return any(_poor(rest, common) for rest in _readings(text, known))


def parts(name: str) -> set[str]:
    """The words of a name, an address or a host, in lower case: `Ada.Byron@Bank-of.example` has five."""
    whole = unicodedata.normalize("NFKC", name).casefold()
    found = {*re.split(r"[\W_]+", whole), re.sub(r"[\W_]+", "", whole)}
    return {part for part in found if len(part) >= SHORTEST_WORD}


def _poor(rest: str, common: frozenset[str]) -> bool:
    return len(rest) < LEAST or len(set(rest)) < DISTINCT or rest in common


def _readings(text: str, words: Iterable[str]) -> Iterator[str]:
    """What is left of the text, for each way in which its digits and signs may stand for letters."""
    covered = _covered(text)
    for letters in (text, text.translate(_LETTERS), text.translate(_AS_L).translate(_LETTERS)):
        kept = set(range(len(text))) - covered - _named(letters, words)
        yield "".join(letters[at] for at in sorted(kept) if letters[at].isalnum())


def _covered(text: str) -> set[int]:
    """The places of walks, years, repetitions, and of what stands around a word."""
    keys = text.translate(_SHIFTED)
    steps = [
        range(at, at + size) for size in (_BLOCK, _WALK) for at in range(len(keys)) if keys[at : at + size] in _WALKS
    ]
    covered = {at for step in steps for at in step}
    for match in _YEAR.finditer(text):
        covered |= set(range(*match.span()))
    for match in _REPEATED.finditer(text):
        covered |= set(range(match.start() + len(match[1]), match.end()))
    if any(character.isalpha() for character in text):
        for match in (*_BEFORE.finditer(text), *_AFTER.finditer(text)):
            covered |= set(range(*match.span()))
    return covered


def _named(text: str, words: Iterable[str]) -> set[int]:
    found: set[int] = set()
    for word in words:
        for at in range(len(text)):
            if text.startswith(word, at):
                found |= set(range(at, at + len(word)))
    return found
