"""Helpers of the readers' tests: a dataset folder in memory terms, and what came out of it."""

import tracemalloc
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

from tailor.datasets.example import Example, Rejected
from tailor.datasets.formats import DatasetReader, read_dataset
from tailor.recipe import Data, Method
from tailor.storage import FolderStorage

PREFIX = "uploads/team/set/"
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360000000000200"
    "0105fe02fea7810000000049454e44ae426082"
)


def put(root: Path, files: dict[str, bytes | str]) -> None:
    for name, content in files.items():
        path = root / PREFIX / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def open_dataset(
    root: Path, files: dict[str, bytes | str], *, method: Method = "fine-tuning", data: Data | None = None
) -> DatasetReader:
    put(root, files)
    return read_dataset(FolderStorage(root), PREFIX, data or Data(), method, root / "scratch")


@contextmanager
def memory_below(mebibytes: int) -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < mebibytes << 20, f"{peak >> 20} MiB"


def examples(reader: DatasetReader) -> list[Example]:
    """All rows, which must be examples."""
    rows = list(reader)
    rejected = [row for row in rows if isinstance(row, Rejected)]
    assert not rejected, rejected
    return [row for row in rows if isinstance(row, Example)]


def rejections(reader: DatasetReader) -> list[Rejected]:
    return [row for row in reader if isinstance(row, Rejected)]


def codes(reader: DatasetReader) -> set[str]:
    return {finding.code for finding in reader.findings}


def texts(example: Example) -> list[str]:
    """Each turn as text; media as ``<ref>``."""
    return [
        " ".join(getattr(block, "text", None) or f"<{getattr(block, 'ref', None)}>" for block in turn.blocks)
        for turn in example.turns
    ]


def zipped(files: dict[str, bytes | str]) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()
