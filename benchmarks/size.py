"""Measure how long a dataset keeps one function busy, by its size, and that memory does not grow with it:
``python -m benchmarks.size``.

Times are those of the processor, of one core, so that other work on the machine does not disturb them; waiting for a
bucket is not in them. Figures and what follows from them: docs/architecture.md, "Preparing at scale".
"""

import argparse
import io
import multiprocessing
import os
import random
import resource
import tarfile
import tempfile
import threading
import time
import zipfile
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
from PIL import Image

from benchmarks.datasets import write_rows
from tailor import catalog
from tailor.datasets.prepare import Assignment, Intake, ShardPlan, estimate_work
from tailor.datasets.scale import Shards, Task
from tailor.recipe import Recipe
from tailor.storage import FolderStorage, buffered

MIB = 1 << 20
SHARDS = 4
SIZES = {"small photographs": (320, 240), "large photographs": (1600, 1200)}


class Ranged(FolderStorage):
    """A folder that is read as a bucket is: by ranges. ``fetched``: files that were read whole."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.fetched = 0

    def open(self, key: str) -> Any:
        size = self._path(key).stat().st_size
        return buffered(lambda start, length: self.read(key, start, length), size)

    def read(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        self.fetched += length is None
        with self._path(key).open("rb") as file:
            file.seek(start)
            return file.read() if length is None else file.read(length)


def prepare(folder: Path, stage: str = "all") -> tuple[int, float]:
    """Return the peak bytes of scratch files, and seconds of processor time. ``stage``: "all"; "read" for reading
    alone; "end" for what follows the pass over the rows."""
    with tempfile.TemporaryDirectory(dir=folder.parent) as place:
        scratch, out = Path(place) / "scratch", Path(place) / "out"
        scratch.mkdir()
        given = Assignment(
            Ranged(folder), "", FolderStorage(out), "run/", Recipe(), catalog.model("nova-lite"), None, scratch
        )
        with watched(scratch) as most, Intake(given) as intake:
            begun = time.process_time()
            if stage == "read":
                for _ in intake.reader:
                    pass
            else:
                parts = intake.check(1)
                begun = time.process_time() if stage == "end" else begun
                intake.finish(parts, write_unusable=True)
        return most[0], time.process_time() - begun


def prepare_shard(folder: Path, work: Path, count: int, number: int | None) -> tuple[int, float]:
    """As :func:`prepare`, of one shard; without a ``number`` of the call that puts them together."""
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        given = Assignment(
            Ranged(folder), "", FolderStorage(work), "run/", Recipe(), catalog.model("nova-lite"), None, Path(scratch)
        )
        begun = time.process_time()
        with watched(Path(scratch)) as most, Intake(given) as intake:
            shards = Shards(Ranged(work), "work/", ShardPlan(count, 0), 1, Path(scratch))
            if number is None:
                intake.finish(shards.outputs, write_unusable=True)
            else:
                shards.check(number, intake)
        return most[0], time.process_time() - begun


def prepare_media(folder: Path, work: Path, parts: int, task: Task | None, number: int) -> tuple[int, float]:
    """One function's task for a dataset of pictures, all of it without a ``task``: how many pictures are fetched, and
    seconds of the processor. ``parts``: of the media, 0 to leave each shard to itself."""
    storage = Ranged(folder)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        given = Assignment(
            storage, "", FolderStorage(work), "run/", Recipe(), catalog.model("nova-lite"), None, Path(scratch)
        )
        begun = time.process_time()
        with Intake(given) as intake:
            if task is None:
                intake.finish(intake.check(1))
            else:
                plan = ShardPlan(SHARDS, parts)
                left = Shards(Ranged(work), f"work-{parts}/", plan, 1, Path(scratch)).remaining(task, number)
                if left:
                    left(intake)
        return storage.fetched, time.process_time() - begun


def estimated(folder: Path) -> float:
    with tempfile.TemporaryDirectory() as scratch:
        model = catalog.model("nova-lite")
        given = Assignment(Ranged(folder), "", FolderStorage(folder), "", Recipe(), model, None, Path(scratch))
        with Intake(given) as intake:
            return estimate_work(intake.reader).seconds


@contextmanager
def watched(folder: Path) -> Iterator[list[int]]:
    """Yield the peak bytes in the folder, sampled ten times a second."""
    most, done = [0], threading.Event()

    def look() -> None:
        while not done.wait(0.1):
            sizes = 0
            for path in folder.rglob("*"):
                try:
                    sizes += path.stat().st_size
                except FileNotFoundError:
                    continue
            most[0] = max(most[0], sizes)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield most
    finally:
        done.set()
        thread.join()


def photograph(seed: int, size: tuple[int, int]) -> bytes:
    """Return soft shapes and some grain, which compress like photographs: about a quarter of a byte per pixel."""
    chance = random.Random(seed)
    coarse = Image.frombytes("RGB", (16, 12), chance.randbytes(16 * 12 * 3)).resize(size, Image.Resampling.BICUBIC)
    grain = Image.effect_noise(size, 24).convert("RGB")
    out = io.BytesIO()
    Image.blend(coarse, grain, 0.25).save(out, "JPEG", quality=85)
    return out.getvalue()


def rows_about(images: int, name: str = "{}.jpg") -> bytes:
    rows = [f"What is in picture {n} here?,thing {n % 50},{name.format(n)}" for n in range(images)]
    return "\n".join(["question,answer,image", *rows]).encode()


def write_photographs(folder: Path, images: int, size: tuple[int, int]) -> None:
    some = [photograph(n, size) for n in range(min(images, 40))]
    for n in range(images):
        # Different bytes, so that each is another object; readers pass over what follows the image.
        (folder / f"{n}.jpg").write_bytes(some[n % len(some)] + n.to_bytes(4))
    (folder / "rows.csv").write_bytes(rows_about(images))


def write_inline(folder: Path, images: int, size: tuple[int, int]) -> None:
    some = [photograph(n, size) for n in range(min(images, 40))]
    with (folder / "rows.jsonl").open("wb") as file:
        for n in range(images):
            url = f"data:image/jpeg;base64,{b64encode(some[n % len(some)] + n.to_bytes(4)).decode()}"
            content = [
                {"type": "image_url", "image_url": {"url": url}},
                {"type": "text", "text": f"What is this, {n}?"},
            ]
            messages = [{"role": "user", "content": content}, {"role": "assistant", "content": f"thing {n % 50}"}]
            file.write(orjson.dumps({"messages": messages}) + b"\n")


def measure_time(scale: float) -> None:
    heads = ("MB", "objects", "CPU s", "MB/s", "objects/s", "estimate s", "disk MB", "peak MiB")
    print(f"{'':36}" + "".join(f"{head:>11}" for head in heads))
    with tempfile.TemporaryDirectory() as place:

        def line(title: str, folder: Path, objects: int = 0, stage: str = "all") -> None:
            size = sum(path.stat().st_size for path in folder.iterdir())
            (most, used), peak = measured(folder, stage)
            rate = f"{objects / used:,.0f}" if objects else ""
            shown: tuple[str, ...] = (
                f"{size / 1e6:,.0f}",
                f"{objects:,}",
                f"{used:.1f}",
                f"{size / used / 1e6:.1f}",
                rate,
            )
            shown += (f"{estimated(folder):.1f}", f"{most / 1e6:,.0f}", f"{peak:,.0f}")
            print(f"{title:36}" + "".join(f"{value:>11}" for value in shown))

        text = Path(place) / "text"
        text.mkdir()
        write_rows(text / "rows.jsonl", int(60_000 * scale))
        line("chats as JSONL", text)
        line("the same, reading alone", text, stage="read")
        line("the same, after the pass over rows", text, stage="end")
        for title, size in SIZES.items():
            images = int((600 if size[0] < 1000 else 150) * scale)
            folder = Path(place) / title
            folder.mkdir()
            write_photographs(folder, images, size)
            line(title, folder, images)
            packed = Path(place) / f"{title} in a zip"
            packed.mkdir()
            with zipfile.ZipFile(packed / "all.zip", "w") as archive:
                for path in sorted(folder.iterdir()):
                    archive.write(path, path.name)
            line(packed.name, packed, images)
            inline = Path(place) / f"{title} in rows"
            inline.mkdir()
            write_inline(inline, images, size)
            line(inline.name, inline, images)


def measure_shards(scale: float) -> None:
    """Measure the same rows prepared by one function, and in shards."""
    print(f"{'':32}{'rows':>11}{'CPU s':>11}{'disk MB':>11}{'peak MiB':>11}")
    with tempfile.TemporaryDirectory() as place:
        folder, work, rows = Path(place) / "data", Path(place) / "work", int(200_000 * scale)
        folder.mkdir()
        work.mkdir()
        write_rows(folder / "rows.jsonl", rows)
        runs: list[tuple[str, Callable[..., tuple[int, float]], tuple[Any, ...]]] = [
            ("one function", prepare, (folder,)),
            *((f"shard {n + 1} of {SHARDS}", prepare_shard, (folder, work, SHARDS, n)) for n in range(SHARDS)),
            ("the last call", prepare_shard, (folder, work, SHARDS, None)),
        ]
        for title, call, arguments in runs:
            (most, used), peak = measured(*arguments, call=call)
            print(f"{title:32}{rows:>11,}{used:>11.1f}{most / 1e6:>11,.0f}{peak:>11,.0f}")


def measure_media(scale: float) -> None:
    """Measure how often pictures with ten rows each, in any order, are fetched by all functions together."""
    print(f"{'':40}{'functions':>11}{'fetched':>11}{'CPU s':>11}{'peak MiB':>11}")
    with tempfile.TemporaryDirectory() as place:
        folder, work, images = Path(place) / "data", Path(place) / "work", int(2_000 * scale)
        folder.mkdir()
        work.mkdir()
        write_photographs(folder, images, SIZES["small photographs"])
        head, *rows = rows_about(images).splitlines()
        rows = [row.replace(b"What", b"%d: what" % n) for n in range(10) for row in rows]
        random.Random(1).shuffle(rows)
        (folder / "rows.csv").write_bytes(b"\n".join([head, *rows]))
        runs: list[tuple[str, int, Task | None]] = [
            ("one function", 0, None),
            (f"{SHARDS} shards, each by itself", 0, "check"),
            (f"{SHARDS} shards: note what rows show", SHARDS, "name"),
            ("… fetch it", SHARDS, "fetch"),
            ("… check the rows", SHARDS, "check"),
        ]
        for title, parts, task in runs:
            numbers = range(SHARDS if task else 1)
            found = [measured(folder, work, parts, task, number, call=prepare_media) for number in numbers]
            fetched, used = sum(each[0] for each, _ in found), sum(each[1] for each, _ in found)
            peak = max(peak for _, peak in found)
            print(f"{title:40}{len(found):>11}{fetched:>11,}{used:>11.1f}{peak:>11,.0f}")


def measure_memory(mebibytes: int) -> None:
    """Measure archives of a few large pictures that repeat, for quick writing, under different names."""
    member = photograph(1, (2400, 1800)) + os.urandom(3 * MIB)  # 4 MB or so; it does not pack
    print(f"{'':32}{'archive MB':>11}{'members':>9}{'CPU s':>8}{'disk MB':>9}{'peak MiB':>10}")
    for count in (max(8, mebibytes * MIB // len(member) // 8), mebibytes * MIB // len(member)):
        for kind in ("zip", "tar", "tar.gz"):
            with tempfile.TemporaryDirectory() as place:
                folder = Path(place) / "data"
                folder.mkdir()
                path = folder / f"all.{kind}"
                write_archive(path, kind, member, count)
                (most, used), peak = measured(folder)
                size = path.stat().st_size / 1e6
                print(f"{kind:32}{size:>11,.0f}{count:>9,}{used:>8.1f}{most / 1e6:>9,.0f}{peak:>10,.0f}")


def write_archive(path: Path, kind: str, member: bytes, count: int) -> None:
    if kind == "zip":
        with zipfile.ZipFile(path, "w", allowZip64=True) as archive:
            archive.writestr("rows.csv", rows_about(count))
            for n in range(count):
                archive.writestr(f"{n}.jpg", member)
        return
    packed: dict[str, Any] = {"mode": "w|gz", "compresslevel": 1} if kind == "tar.gz" else {"mode": "w|"}
    with tarfile.open(str(path), **packed) as archive:
        for name, content in [("rows.csv", rows_about(count)), *((f"{n}.jpg", member) for n in range(count))]:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))


def measured(*arguments: Any, call: Callable[..., tuple[int, float]] = prepare) -> tuple[tuple[int, float], float]:
    """Call ``call`` in a fresh process; return its result and the peak memory in MiB."""
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    process = context.Process(target=_measured, args=(call, arguments, results))
    process.start()
    found, peak = results.get()
    process.join()
    return found, peak / 1024


def _measured(call: Callable[..., tuple[int, float]], arguments: tuple[Any, ...], results: Any) -> None:
    results.put((call(*arguments), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=1, help="of the datasets whose time is measured")
    parser.add_argument("--memory", type=int, metavar="MiB", help="measure memory on archives of so many MiB instead")
    parser.add_argument("--shards", action="store_true", help="measure shards against one function instead")
    parser.add_argument("--media", action="store_true", help="measure the pictures of shards instead")
    chosen = parser.parse_args()
    if chosen.media:
        measure_media(chosen.scale)
    elif chosen.shards:
        measure_shards(chosen.scale)
    elif chosen.memory:
        measure_memory(chosen.memory)
    else:
        measure_time(chosen.scale)


if __name__ == "__main__":
    main()
