"""What the web server loads: the application of the witness whose options are in the environment."""

import json
import logging
import os
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from compliance.witness.app import App, application
from compliance.witness.opening import opened

VARIABLE = "QENEX_WITNESS_OPTIONS"
"""From the process that was started to the one that answers."""
LOOK_SECONDS = 0.5


def told(options: Mapping[str, Any]) -> str:
    """The options that an answering process needs, as text."""
    beside = options["beside"]
    return json.dumps({"dir": str(options["dir"]), "beside": beside and str(beside), "log": options["log"]})


def serving() -> App:
    """The application, in a process that ends with the one that has started it: else a port would stay taken."""
    threading.Thread(target=_end_with, args=[os.getppid()], daemon=True).start()
    kept = json.loads(os.environ[VARIABLE])
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stdout)
    beside = kept["beside"]
    return application(opened({"dir": Path(kept["dir"]), "beside": beside and Path(beside), "log": kept["log"]}))


def _end_with(parent: int) -> None:
    # At any step: what is killed has said nothing that it does not remember.
    while os.getppid() == parent:
        time.sleep(LOOK_SECONDS)
    os._exit(1)
