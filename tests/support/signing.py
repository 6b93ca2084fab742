"""Programs with keys, for tests."""

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.contrib.auth.models import User

from qenex.access.apikeys import apikey_create
from qenex.access.apikeys.checking import COMPONENTS
from qenex.access.models import ApiKey
from qenex.access.signatures import content_digest, sign

HOST = "http://testserver"


@dataclass(frozen=True)
class Program:
    """A key and one of its secrets."""

    key: ApiKey
    secret: bytes

    def headers(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        host: str = HOST,
        secret: bytes | None = None,
        key_id: str | None = None,
        age: int = 0,
        nonce: str | None = None,
        components: Collection[str] | None = None,
        **without: Any,
    ) -> dict[str, str]:
        """The fields that sign a request of this path with its query; `created`=None and so on leave one out."""
        covered = list(components if components is not None else COMPONENTS if body else COMPONENTS[:2])
        given = {"Content-Digest": content_digest(body)} if body else {}
        parameters = {
            "created": int(time.time()) - age,
            "nonce": nonce or uuid4().hex,
            "key_id": key_id or self.key.key_id,
            **without,
        }
        signed = sign(
            method=method,
            url=host + path,
            headers=given,
            body=body or None,
            components=covered,
            key=secret or self.secret,
            **parameters,
        )
        return {**given, **signed.headers}


def make_program(
    owner: User, *scopes: str, books: Collection[UUID] = (), cidrs: Collection[str] = (), **fields: Any
) -> Program:
    """A new key of this owner."""
    made = apikey_create(owner=owner, name="A program", scopes=scopes, books=books, cidrs=cidrs, **fields)
    return Program(made.key, made.secret)


def changed(headers: Mapping[str, str], **fields: str) -> dict[str, str]:
    """The headers with other values of some, such as content_digest=…"""
    return {**headers, **{name.replace("_", "-").title(): value for name, value in fields.items()}}
