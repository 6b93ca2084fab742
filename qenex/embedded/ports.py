"""Looking whether the web server's port is to be had, before the slow work begins."""

import socket

from qenex.embedded.errors import EmbeddedError


def check_port(host: str, port: int) -> None:
    """Raise EmbeddedError when nothing can listen there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except PermissionError:
            raise EmbeddedError(f"port {port} needs root; choose one above 1023, such as PORT=8000") from None
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise EmbeddedError(
                f"cannot listen on {host} port {port} ({reason}); choose another one: make run PORT={_other(port)}"
            ) from None


def _other(port: int) -> int:
    return port + 1 if 1023 < port < 65535 else 8000
