"""Looking whether the web server's port is to be had, before the slow work begins."""

import socket
from ipaddress import ip_address

from qenex.embedded.errors import EmbeddedError


def check_reach(host: str, *, tls: bool, proxies: int) -> None:
    """Raise EmbeddedError where passwords would cross a network in clear: without TLS and without a proxy before us."""
    if tls or proxies or host == "localhost" or (_is_address(host) and ip_address(host).is_loopback):
        return
    raise EmbeddedError(f"{host} can be reached from elsewhere, which needs TLS: make run TLS=1, or TRUSTED_PROXIES")


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


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
