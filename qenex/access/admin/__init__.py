"""Pages of people, programs and approvals in the back office."""

from django.contrib import admin

from qenex.access.admin import apikeys, approvals, groups, people, policies, sessions, tokens
from qenex.access.models import Passkey

__all__ = ["apikeys", "approvals", "groups", "people", "policies", "sessions", "tokens"]

if admin.site.is_registered(Passkey):  # by the library; passkeys are one's own affair, on the page of one's security
    admin.site.unregister(Passkey)
