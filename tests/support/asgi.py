"""Talking to an ASGI application without a server."""

from typing import Any

from asgiref.testing import ApplicationCommunicator

Page: Any = ApplicationCommunicator
"""One connection: `send_input`, `receive_output`, `wait`; the package has no types."""
