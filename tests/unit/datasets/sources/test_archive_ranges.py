"""Archives are read where they lie: what is fetched is what is needed, and threads do not wait for each other."""

import gzip
import io
import random
import tarfile
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Barrier
from types import SimpleNamespace

import pytest

from tailor.datasets.formats import read_dataset
from tailor.datasets.sources import DamagedFileError, MediaObject
from tailor.recipe import Data
from tailor.storage import FolderStorage
from tests.unit.datasets.support import PREFIX, codes, memory_below, open_dataset, put
from tests.waiting import PATIENCE

ROWS = "question,answer,image\n" + "".join(f"What?,that {n},{n}.png\n" for n in range(8))
PICTURES = {f"{n}.png": random.Random(n).randbytes(200_000 + n) for n in range(8)}


@dataclass
class Counted(FolderStorage):
    """Counts what is fetched; ``meet`` is waited for in each read of a member."""

    root: Path
    fetched: list[int] = field(default_factory=list)
    meet: Barrier | None = None

    def read(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        if self.meet and length and length > 100_000:
            self.meet.wait(PATIENCE)
        data = super().read(key, start, length)
        self.fetched.append(len(data))
        return data


def zip_of(files: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def tar_of(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def members(storage: Counted, name: str) -> list[MediaObject]:
    reader = read_dataset(storage, PREFIX, Data(), "fine-tuning", storage.root / "scratch")
    assert reader.files[0].name == f"{name}/rows.csv"
    storage.fetched.clear()
    return list(reader.media)


@pytest.mark.parametrize(("name", "pack"), [("a.zip", zip_of), ("a.tar", tar_of)])
def test_a_member_is_fetched_by_one_range_and_by_many_threads_at_once(
    tmp_path: Path, name: str, pack: Callable[[dict[str, bytes]], bytes]
) -> None:
    put(tmp_path, {name: pack({"rows.csv": ROWS.encode(), **PICTURES})})
    storage = Counted(tmp_path)
    media = members(storage, name)
    storage.meet = Barrier(len(PICTURES))

    with ThreadPoolExecutor(len(PICTURES)) as pool:
        contents = list(pool.map(lambda each: each.read(), media))

    assert contents == list(PICTURES.values())
    assert len(storage.fetched) == len(PICTURES)
    assert sum(storage.fetched) < 1.01 * sum(map(len, contents))


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_packed_members_come_out_whole(tmp_path: Path, method: int) -> None:
    pictures = dict(list(PICTURES.items())[:3])
    put(tmp_path, {"a.zip": zip_of({"rows.csv": ROWS.encode(), **pictures}, method)})
    assert [each.read() for each in members(Counted(tmp_path), "a.zip")] == list(pictures.values())


def test_members_that_share_their_bytes_are_not_read(tmp_path: Path) -> None:
    content = zip_of({"rows.csv": ROWS.encode(), "0.png": b"x" * 1000, "1.png": b"y" * 1000})
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        first, second = (archive.getinfo(name).header_offset for name in ("0.png", "1.png"))
    entry = content.index(b"0.png", content.index(b"PK\1\2")) - 46
    grown = bytearray(content)
    for at in (entry + 20, entry + 24):  # the first file claims the bytes of the second one too
        grown[at : at + 4] = (second - first + 500).to_bytes(4, "little")
    reader = open_dataset(tmp_path, {"a.zip": bytes(grown)})

    with pytest.raises(DamagedFileError, match="overlap"):
        next(iter(reader.media)).read()
    assert "archive-unreadable" not in codes(reader)


@pytest.mark.parametrize(
    ("name", "pack"), [("a.zip", zip_of), ("a.tar", tar_of), ("a.tar.gz", lambda f: gzip.compress(tar_of(f), 1))]
)
def test_an_archive_is_never_in_memory(tmp_path: Path, name: str, pack: Callable[[dict[str, bytes]], bytes]) -> None:
    answer = random.Random(1).randbytes(3000).hex()
    rows = b"".join(b'{"question": "What is number %d?", "answer": "%s"}\n' % (n, answer.encode()) for n in range(3000))
    put(tmp_path, {name: pack({"rows.jsonl": rows, "big.bin": bytes(30 << 20)})})
    del rows

    with memory_below(14):
        reader = read_dataset(Counted(tmp_path), PREFIX, Data(), "fine-tuning", tmp_path / "scratch")
        count = sum(1 for _ in reader)

    assert count == 3000


def test_a_packed_tar_for_which_the_disk_is_too_small_is_refused_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = SimpleNamespace(free=1 << 20)
    monkeypatch.setattr("tailor.datasets.sources.archives.shutil.disk_usage", lambda _: full)
    content = gzip.compress(tar_of({"rows.csv": ROWS.encode(), **PICTURES}))

    reader = open_dataset(tmp_path, {"a.tar.gz": content})

    [finding] = [found for found in reader.findings if found.code == "archive-too-large"]
    assert "plain .tar or .zip" in finding.fix
    assert list((tmp_path / "scratch").iterdir()) == []
