"""What the web server proves its name with: the operator's certificate, or one made here for this machine.

Only TLS 1.3 is spoken. The certificate of this machine is known to nobody else, so a browser asks before it goes on.
"""

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from qenex.embedded.errors import EmbeddedError
from qenex.embedded.locks import file_lock

VALID = timedelta(days=365)
RENEWED = timedelta(days=30)
"""How long before its end a certificate of ours is made anew."""
SKEW = timedelta(hours=1)
_NAMES = [
    x509.DNSName("localhost"),
    x509.IPAddress(ip_address("127.0.0.1")),
    x509.IPAddress(ip_address("::1")),
]
_PKCS8 = b"-----BEGIN PRIVATE KEY-----"


@dataclass(frozen=True)
class Identity:
    """A certificate with its chain, and its private key, each in a PEM file."""

    certificate: Path
    key: Path

    def options(self) -> list[str]:
        """The web server's options for it."""
        files = ["--ssl-certificate", str(self.certificate), "--ssl-keyfile", str(self.key)]
        return [*files, "--ssl-protocol-min", "tls1.3"]

    def client(self) -> ssl.SSLContext:
        """For a client on this machine that trusts this very certificate, under whichever address it asks."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.check_hostname = False
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        context.load_verify_locations(self.certificate)
        return context

    def fingerprint(self) -> str:
        """The SHA-256 of the certificate, as browsers show it."""
        return ":".join(f"{byte:02X}" for byte in _leaf(self.certificate).fingerprint(hashes.SHA256()))


def own(certificate: str, key: str) -> Identity:
    """The operator's. Raises EmbeddedError with what is wrong with it."""
    if not certificate or not key:
        missing = "QENEX_TLS_KEY" if certificate else "QENEX_TLS_CERT"
        raise EmbeddedError(f"{missing} is not set; a certificate needs its key, and a key its certificate")
    identity = Identity(Path(certificate), Path(key))
    leaf, private = _leaf(identity.certificate), _private(identity.key)
    if _public(leaf) != _public(private):
        raise EmbeddedError(f"{key} is not the key of {certificate}")
    if leaf.not_valid_after_utc <= datetime.now(UTC):
        raise EmbeddedError(f"{certificate} expired on {leaf.not_valid_after_utc:%Y-%m-%d}; renew it")
    return identity


def development(var: Path) -> Identity:
    """This machine's, made at the first call and again in time before it ends."""
    place = var / "tls"
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    identity = Identity(place / "certificate.pem", place / "key.pem")
    with file_lock(place / "lock"):
        if not _serves(identity):
            _make(identity)
    return identity


def _serves(identity: Identity) -> bool:
    try:
        own(str(identity.certificate), str(identity.key))
        leaf = _leaf(identity.certificate)
    except EmbeddedError:
        return False
    return leaf.not_valid_after_utc - RENEWED > datetime.now(UTC)


def _make(identity: Identity) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "QENEX on this machine")])
    now = datetime.now(UTC)
    usage = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign"),
        False,
    )
    certificate = (
        x509.CertificateBuilder(name, name, private.public_key(), x509.random_serial_number(), now - SKEW, now + VALID)
        .add_extension(x509.SubjectAlternativeName(_NAMES), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(digital_signature=True, encipher_only=False, decipher_only=False, **usage), critical=True
        )
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(private, hashes.SHA256())
    )
    _write(identity.key, private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    _write(identity.certificate, certificate.public_bytes(Encoding.PEM))


def _write(path: Path, content: bytes) -> None:
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    draft.replace(path)


@contextmanager
def _told(path: Path, fault: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise EmbeddedError(f"{path}: {error.strerror}") from None
    except (ValueError, TypeError, IndexError):
        raise EmbeddedError(f"{path} {fault}") from None


def _leaf(path: Path) -> x509.Certificate:
    with _told(path, "holds no certificate in PEM"):
        return x509.load_pem_x509_certificates(path.read_bytes())[0]


def _private(path: Path) -> PrivateKeyTypes:
    with _told(path, "holds no private key in PEM that can be read without a password"):
        content = path.read_bytes()
        if path.stat().st_mode & 0o007:
            raise EmbeddedError(f"everybody on this machine may read {path}; chmod o= {path}")
        private = load_pem_private_key(content, None)
    if _PKCS8 not in content:
        raise EmbeddedError(f"{path} must be PKCS#8: openssl pkcs8 -topk8 -nocrypt -in {path} -out NEW")
    return private


def _public(holder: x509.Certificate | PrivateKeyTypes) -> bytes:
    return holder.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
