"""Measuring the vault: sealing, opening, wrapping and signing, beside the bare cipher."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bench.machine import cpu_model
from bench.stats import Figure, figure
from qenex.kernel.ids import uuid7
from qenex.vault import aead, envelope, keyring
from qenex.vault.providers import Kek, KeyProvider
from qenex.vault.providers.file import FileProvider
from qenex.vault.providers.pkcs11 import Pkcs11Provider

KILOBYTE = os.urandom(1024)
PLACE = envelope.Place("access_totp", "secret", str(uuid7()))
AAD = b"x" * 100
ROUNDS, SECONDS = 7, 0.4
MODULES = (
    Path("/usr/lib/softhsm/libsofthsm2.so"),
    *Path("/usr/lib").glob("*-linux-gnu/softhsm/libsofthsm2.so"),
)


def main() -> None:
    """Measures each in turn, the rounds of all mixed, and prints the table."""
    with tempfile.TemporaryDirectory() as directory:
        works = dict(_works(Path(directory)))
        rates: dict[str, list[float]] = {name: [] for name in works}
        for _ in range(ROUNDS):
            for name, work in works.items():
                rates[name].append(_rate(work))
    print(f"{cpu_model()}, {os.cpu_count()} cores, Python {sys.version.split()[0]}, load {os.getloadavg()[0]:.1f}")
    print(f"one thread; medians of {ROUNDS} rounds of {SECONDS} s, with the lowest and the highest\n")
    figures = {name: figure(values) for name, values in rates.items()}
    print("|what|a second|of the bare cipher|\n|-|-|-|")
    for name, each in figures.items():
        print(f"|{name}|{each.median:,.0f} ({each.low:,.0f} to {each.high:,.0f})|{_share(figures, name, each)}|")


def _rate(work: Callable[[], object]) -> float:
    done, began = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - began) < SECONDS:
        for _ in range(20):
            work()
        done += 20
    return done / elapsed


def _share(figures: dict[str, Figure], name: str, each: Figure) -> str:
    bare = {"seal": "AESGCM seals 1 KiB", "open": "AESGCM opens 1 KiB"}.get(name.split()[0])
    return f"{each.median / figures[bare].median:.0%}" if bare else ""


def _works(directory: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    gcm, nonce = AESGCM(aead.new_key()), os.urandom(12)
    sealed = gcm.encrypt(nonce, KILOBYTE, AAD)
    yield "AESGCM seals 1 KiB", lambda: gcm.encrypt(os.urandom(12), KILOBYTE, AAD)
    yield "AESGCM opens 1 KiB", lambda: gcm.decrypt(nonce, sealed, AAD)
    key = _key()
    keyring._by_id.put(key.id, key)
    value = envelope.seal_under(key, KILOBYTE, PLACE)
    yield "seal 1 KiB, key at hand", lambda: envelope.seal_under(key, KILOBYTE, PLACE)
    yield "open 1 KiB, key at hand", lambda: envelope.unseal(value, PLACE)
    yield from _provider("file", FileProvider(directory / "keys"))
    hsm = _softhsm(directory)
    if hsm is None:
        print("SoftHSM2 is not installed: its lines are left out (Debian: softhsm2)\n")
        return
    yield from _provider("SoftHSM", hsm)
    for algorithm in hsm.algorithms():
        hsm.make_signing_key(algorithm, algorithm)
        yield f"SoftHSM signs, {algorithm}", partial(hsm.sign, algorithm, algorithm, AAD)


def _provider(name: str, provider: KeyProvider) -> Iterator[tuple[str, Callable[[], object]]]:
    kek, secret = provider.make(1), aead.new_key()
    wrapped = provider.wrap(kek, secret, AAD)
    yield f"seal 1 KiB, fresh data key wrapped by {name}", lambda: _fresh(provider, kek)
    yield f"{name} wraps a data key", lambda: provider.wrap(kek, secret, AAD)
    yield f"{name} unwraps a data key", lambda: provider.unwrap(kek.id, wrapped, AAD)


def _key() -> keyring.Key:
    secret = keyring.Secret(aead.new_key())
    return keyring.Key(uuid7(), 1, "", "bench", aead.Cipher(secret), aead.Extended(secret), secret)


def _fresh(provider: KeyProvider, kek: Kek) -> bytes:
    key = _key()
    return provider.wrap(kek, key.secret, AAD) + envelope.seal_under(key, KILOBYTE, PLACE)


def _softhsm(directory: Path) -> KeyProvider | None:
    """A token of the run's own in a software HSM; none where that is not installed."""
    module = next((path for path in MODULES if path.exists()), None)
    if module is None or shutil.which("softhsm2-util") is None:
        return None
    (directory / "tokens").mkdir(mode=0o700)
    (directory / "softhsm2.conf").write_text(f"directories.tokendir = {directory / 'tokens'}\nlog.level = ERROR\n")
    os.environ["SOFTHSM2_CONF"] = str(directory / "softhsm2.conf")
    command = ["softhsm2-util", "--init-token", "--free", "--label", "bench", "--pin", "271828", "--so-pin", "123456"]
    subprocess.run(command, check=True, capture_output=True)
    return Pkcs11Provider(str(module), "bench", "271828")
