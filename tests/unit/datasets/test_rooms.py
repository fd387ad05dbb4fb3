"""The map of the rooms of datasets, and what their doors load.

The order of imports and the doors themselves are held by tests/unit/contracts/test_layers.py.
"""

import re
import subprocess
import sys
from pathlib import Path

import tailor.datasets

FOLDER = Path(tailor.datasets.__file__).parent
DOORS = ("datasets.sources", "datasets.media", "datasets.formats", "datasets.report", "findings")


def test_the_map_names_all_rooms() -> None:
    rooms = {path.parent.name for path in FOLDER.glob("*/__init__.py")} | {"example"}
    assert set(re.findall(r"^\| ``(\w+)``", tailor.datasets.__doc__ or "", re.MULTILINE)) == rooms


def test_no_door_loads_anything_heavy() -> None:
    program = f"import sys, {', '.join(f'tailor.{door}' for door in DOORS)}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert not {"PIL", "pyarrow", "numpy", "hyperscan", "boto3"} & set(loaded.stdout.split())
