"""The sources of the deployed template, and the folder for what the local cloud writes.

In a checkout both are the checkout. An installed package has a copy of the sources, and writes to the user's folder for
state.
"""

import os
from pathlib import Path

_CHECKOUT = Path(__file__).resolve().parents[2]
IN_CHECKOUT = (_CHECKOUT / "template.yaml").is_file()
ROOT = _CHECKOUT if IN_CHECKOUT else Path(__file__).resolve().parent / "sources"


def written(root: Path) -> Path:
    """Return the folder for builds, state and logs of the sources in ``root``."""
    if IN_CHECKOUT or root != ROOT:
        return root / ".local"
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "tailor"
