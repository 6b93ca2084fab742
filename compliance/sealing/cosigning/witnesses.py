"""Which witnesses there are, and what is asked of one, however it is reached."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.module_loading import import_string

from compliance.trail import note


class Behind(Exception):
    """The proof starts from another size than the witness's, which is `size`."""

    def __init__(self, size: int) -> None:
        super().__init__(f"it has cosigned {size:,} entries")
        self.size = size


class Contradicted(Exception):
    """The witness has cosigned a tree that ours does not go on from: one of the two has been changed."""


class Unavailable(Exception):
    """The witness did not answer in time, or not with what counts."""


class Witness(Protocol):
    """What cosigns: a process behind HTTP, or whatever else a scheme of `WITNESS_KINDS` stands for."""

    def cosign(self, checkpoint: str, old_size: int, proof: Sequence[bytes]) -> str:
        """The lines of cosignature under a signed checkpoint that goes on from the tree of the old size, by RFC 6962's
        proof. Raises Behind, Contradicted and Unavailable; may take as long as it was told when it was made."""

    def close(self) -> None:
        """Lets go of whatever was kept for the next time."""


class Entry(NamedTuple):
    """A witness as the settings name it."""

    vkey: str
    url: str

    @property
    def key(self) -> note.Key:
        """Its public key. Raises NoteInvalid."""
        return note.parse_vkey(self.vkey)

    @property
    def name(self) -> str:
        """Its name. Raises NoteInvalid."""
        return self.key.name

    def open(self, seconds: float) -> Witness:
        """What reaches it, and waits so long for an answer. Raises KeyError for a scheme that nothing is known of."""
        made: Witness = import_string(settings.WITNESS_KINDS[urlsplit(self.url).scheme])(self.url, seconds)
        return made


class EntryInvalid(ValueError):
    """This is not how a witness is named in the settings."""


def parse(words: Iterable[str]) -> list[Entry]:
    """The witnesses of `VKEY=URL`. Raises EntryInvalid."""
    return [_entry(word) for word in words]


def _entry(word: str) -> Entry:
    vkey, _, url = word.partition("=")
    try:
        key = note.parse_vkey(vkey)
    except note.NoteInvalid as problem:
        raise EntryInvalid(f"{word!r} does not begin with a witness's public key: {problem}") from None
    if key.algorithm != note.COSIGNATURE:
        raise EntryInvalid(f"{vkey!r} is a log's key, and no witness's")
    if urlsplit(url).scheme not in settings.WITNESS_KINDS:
        kinds = ", ".join(sorted(settings.WITNESS_KINDS))
        raise EntryInvalid(f"{key.name} has no address of a kind that is known ({kinds})")
    return Entry(vkey, url)
