"""Pages of people and programs in the back office."""

from django.contrib import admin

from qenex.access.models import Passkey

if admin.site.is_registered(Passkey):  # by the library; passkeys are one's own affair, on the page of one's security
    admin.site.unregister(Passkey)
