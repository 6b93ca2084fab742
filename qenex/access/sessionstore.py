"""Django's sessions in the database, under a hash of their keys: who reads the table can open no session.

A key is drawn from 36^32 values, so a fast hash of it cannot be searched.
"""

import hashlib
from base64 import urlsafe_b64encode
from typing import Any

from django.contrib.sessions.backends import db
from django.contrib.sessions.base_session import AbstractBaseSession
from django.contrib.sessions.models import Session
from django.utils import timezone

_BYTES = 30
"""Of the hash: 40 characters, the width of Django's column."""


def hashed(key: str) -> str:
    """What the database knows of a session's key."""
    digest = hashlib.blake2b(key.encode(), digest_size=_BYTES, person=b"qenex-session").digest()
    return urlsafe_b64encode(digest).decode()


class SessionStore(db.SessionStore):
    """Looks for, writes and deletes rows by the hash of the key."""

    def _get_session_from_db(self) -> Session | None:
        try:
            return Session.objects.get(session_key=hashed(self.session_key or ""), expire_date__gt=timezone.now())
        except Session.DoesNotExist:
            self._session_key = None
            return None

    async def _aget_session_from_db(self) -> Session | None:
        key = hashed(self.session_key or "")
        session = await Session.objects.filter(session_key=key, expire_date__gt=timezone.now()).afirst()
        if session is None:
            self._session_key = None
        return session

    def create_model_instance(self, data: dict[str, Any]) -> AbstractBaseSession:
        """The row."""
        session = super().create_model_instance(data)
        session.session_key = hashed(session.session_key)
        return session

    async def acreate_model_instance(self, data: dict[str, Any]) -> AbstractBaseSession:
        """The row."""
        session = await super().acreate_model_instance(data)
        session.session_key = hashed(session.session_key)
        return session

    def exists(self, session_key: str) -> bool:
        """Whether there is a session of this key."""
        return super().exists(hashed(session_key))

    async def aexists(self, session_key: str) -> bool:
        """Whether there is a session of this key."""
        return await super().aexists(hashed(session_key))

    def delete(self, session_key: str | None = None) -> None:
        """Deletes the session of this key, or this one."""
        key = session_key or self.session_key
        if key is not None:
            Session.objects.filter(session_key=hashed(key)).delete()

    async def adelete(self, session_key: str | None = None) -> None:
        """Deletes the session of this key, or this one."""
        key = session_key or self.session_key
        if key is not None:
            await Session.objects.filter(session_key=hashed(key)).adelete()
