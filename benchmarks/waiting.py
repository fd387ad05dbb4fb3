"""Measure how long a person waits for ``tailor check``: ``python -m benchmarks.waiting``.

Each command is a process of its own, from its start to its end, imports included. Beside it stands what somebody would
write instead: a script that validates each row with a pydantic model of the record, and one that opens each photograph
with Pillow, one after another. Neither of the two compares rows, splits, or writes a report. The fewest seconds of some
runs count, because other work on the machine only makes a run longer; processor time is disturbed less than the clock.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy
from PIL import Image

from benchmarks.datasets import write_rows, write_table

ROWS, PHOTOGRAPHS, QUESTIONS = 20_000, 1_000, 4
OPEN = """
import sys, pathlib
from PIL import Image
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.jpg")):
    with Image.open(path) as image:
        image.load()
"""


def write_photographs(folder: Path, count: int) -> None:
    """Write pictures of 640 x 480 with large shapes and some noise, of about 70 KB, and questions about them as CSV."""
    chance = numpy.random.default_rng(7)
    rows = ["question,answer,image"]
    for number in range(count):
        coarse = chance.integers(0, 255, (12, 16, 3), dtype=numpy.uint8)
        large = numpy.asarray(Image.fromarray(coarse).resize((640, 480), Image.Resampling.BICUBIC), dtype=numpy.int16)
        noise = chance.integers(-12, 12, large.shape, dtype=numpy.int16)
        picture = Image.fromarray(numpy.clip(large + noise, 0, 255).astype(numpy.uint8))
        picture.save(folder / f"{number:04d}.jpg", quality=90)
        rows += [f"Có gì trong ảnh {number}.{at}?,vật {number % 50},{number:04d}.jpg" for at in range(QUESTIONS)]
    (folder / "questions.csv").write_text("\n".join(rows), encoding="utf-8")


def seconds(command: Sequence[str]) -> tuple[float, float]:
    """Return the processor time of a command with its child processes, and its time by the clock."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    clock, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 1) or "Traceback" in done.stderr:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, clock


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    runs = parser.parse_args().runs
    tailor = str(Path(sys.executable).with_name("tailor"))
    with tempfile.TemporaryDirectory() as place:
        jsonl, table, photographs = (Path(place) / name for name in ("jsonl", "csv", "photographs"))
        for folder in (jsonl, table, photographs):
            folder.mkdir()
        write_rows(jsonl / "rows.jsonl", ROWS)
        write_table(jsonl / "rows.jsonl", table / "rows.csv")
        write_photographs(photographs, PHOTOGRAPHS)
        commands = [
            (f"validate {ROWS:,} rows with pydantic", [sys.executable, "-m", "benchmarks.baseline", str(jsonl)]),
            (f"tailor check: {ROWS:,} rows of JSONL", [tailor, "check", str(jsonl)]),
            (f"tailor check: {ROWS:,} rows of CSV", [tailor, "check", str(table)]),
            (f"open {PHOTOGRAPHS:,} photographs with Pillow", [sys.executable, "-c", OPEN, str(photographs)]),
            (f"tailor check: {PHOTOGRAPHS * QUESTIONS:,} rows on them", [tailor, "check", str(photographs)]),
        ]
        rounds = [[seconds(command) for _, command in commands] for _ in range(runs)]  # they take turns
        print(f"{'seconds, the fewest of the runs':44}{'processor':>11}{'clock':>8}")
        for (title, _), found in zip(commands, zip(*rounds, strict=True), strict=True):
            processor, clock = (min(each) for each in zip(*found, strict=True))
            print(f"{title:44}{processor:11.2f}{clock:8.2f}")


if __name__ == "__main__":
    main()
