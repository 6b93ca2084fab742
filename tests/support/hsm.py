"""A real PKCS#11 module without the hardware: SoftHSM2, with a directory of tokens of the run's own."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

MODULES = (
    Path("/usr/lib/softhsm/libsofthsm2.so"),
    Path("/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so"),
    Path("/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so"),
)
PINS = {"first": "271828", "second": "314159", "target": "141421"}
"""The tokens by label. Nobody makes keys in the second; keys move into the target."""


def module() -> Path:
    """SoftHSM's library. Skips the test where it is not installed."""
    found = next((path for path in MODULES if path.exists()), None)
    if found is None or shutil.which("softhsm2-util") is None:
        pytest.skip("SoftHSM2 is not installed (Debian: softhsm2)")
    return found


def make_tokens(directory: Path) -> dict[str, str]:
    """Initialises a slot for each token and returns the environment that shows them to a process."""
    (directory / "tokens").mkdir(parents=True, mode=0o700)
    configuration = directory / "softhsm2.conf"
    configuration.write_text(
        f"directories.tokendir = {directory / 'tokens'}\nobjectstore.backend = file\nlog.level = ERROR\n"
    )
    environment = {"SOFTHSM2_CONF": str(configuration)}
    for label, pin in PINS.items():
        command = ["softhsm2-util", "--init-token", "--free", "--label", label, "--pin", pin, "--so-pin", "123456"]
        subprocess.run(command, env=os.environ | environment, check=True, capture_output=True)
    return environment


def variables(label: str = "first") -> dict[str, str]:
    """The environment of a process of ours that uses a token."""
    return {
        "QENEX_KEY_PROVIDER": "pkcs11",
        "QENEX_PKCS11_MODULE": str(module()),
        "QENEX_PKCS11_TOKEN": label,
        "QENEX_PKCS11_PIN": PINS[label],
        "SOFTHSM2_CONF": os.environ["SOFTHSM2_CONF"],
    }
