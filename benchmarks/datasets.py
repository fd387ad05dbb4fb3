"""Measure checking and converting datasets against only validating each row: ``python -m benchmarks.datasets``.

One run measures everything on the same machine and the same data, so the ratios mean something wherever it is run.
The baseline is what a validator without more ambition does: parse each line, validate it with a pydantic model of the
record, look for reserved words. It checks no duplicates, media, personal data or languages, and writes nothing.
"""

import argparse
import csv
import io
import multiprocessing
import random
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import batched
from pathlib import Path
from typing import Any

import orjson
from PIL import Image

from benchmarks.baseline import validate_only
from tailor import catalog
from tailor.catalog import Model
from tailor.datasets.example import Example, media_of
from tailor.datasets.formats import read_dataset
from tailor.datasets.media import KnownAssets, MediaResolver, images
from tailor.datasets.prepare import prepare_dataset
from tailor.recipe import Recipe
from tailor.storage import FolderStorage

ROWS = 100_000
IMAGES, ROWS_AN_IMAGE, SAMPLE = 2_000, 10, 300
_WORDS = {
    "en": "the report of this quarter shows that sales in north grew while costs for transport fell because new routes "
    "were opened and customers asked for earlier delivery which our partners could offer at a lower price",
    "vi": "báo cáo của quý này cho thấy doanh thu ở miền bắc tăng trong khi chi phí vận chuyển giảm vì các tuyến đường "
    "mới được mở và khách hàng muốn giao sớm hơn mà đối tác của chúng tôi có thể đáp ứng với giá thấp hơn",
}


def write_rows(path: Path, count: int) -> None:
    """Write different chats of about 1.5 KB, half English, half Vietnamese; a quarter of the questions in parts."""
    choose = random.Random(7)
    with path.open("wb") as file:
        for number in range(count):
            language = ("en", "vi")[number % 2]
            lengths = (130, 85) if language == "en" else (110, 75)
            question, answer = (_prose(choose, language, length) for length in lengths)
            if number % 4 == 3:
                question = question.replace(". ", ".\n\n", 2)
            messages = [
                {"role": "user", "content": [{"text": f"{number}. {question}"}]},
                {"role": "assistant", "content": [{"text": answer}]},
            ]
            system = [{"text": "You are a helpful assistant who summarises reports."}]
            row = {"schemaVersion": "bedrock-conversation-2024", "system": system, "messages": messages}
            file.write(orjson.dumps(row) + b"\n")


def write_short_rows(path: Path, count: int) -> None:
    """Write questions that are all different, with short answers that repeat."""
    choose = random.Random(7)
    answers = ["có", "không", "màu đỏ", "hai con mèo", "yes", "no", "a red car on the street", "12"]
    with path.open("wb") as file:
        for number in range(count):
            messages = [
                {"role": "user", "content": [{"text": f"{number}. {_prose(choose, 'vi', 6)}"}]},
                {"role": "assistant", "content": [{"text": choose.choice(answers)}]},
            ]
            file.write(orjson.dumps({"schemaVersion": "bedrock-conversation-2024", "messages": messages}) + b"\n")


def _prose(choose: random.Random, language: str, length: int) -> str:
    """Return ``length`` words in sentences, with the signs that stand between words in reports."""
    vocabulary, sentences = _WORDS[language].split(), []
    while length > 0:
        words = choose.choices(vocabulary, k=min(length, choose.randint(7, 18)))
        length -= len(words)
        words[len(words) // 2] += choose.choice(["", ",", ",", ";", ":", " -", " (Q3)", " 2026", " 12.5%"])
        sentences.append(" ".join(words).capitalize() + choose.choice([".", ".", ".", "?", "!"]))
    return " ".join(sentences)


def write_table(source: Path, target: Path) -> None:
    """Write the questions and answers of a file of Converse as CSV."""
    with source.open("rb") as rows, target.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["question", "answer"])
        for row in map(orjson.loads, rows):
            table.writerow([message["content"][0]["text"] for message in row["messages"]])


def parse_only(folder: Path) -> int:
    with (folder / "rows.jsonl").open("rb") as file:
        return sum(1 for line in file if orjson.loads(line))


def whole_intake(folder: Path, workers: int = 1) -> int:
    model = _without_maximum(catalog.model("nova-lite"))
    with tempfile.TemporaryDirectory() as scratch, tempfile.TemporaryDirectory() as out:
        report = prepare_dataset(
            FolderStorage(folder),
            "",
            FolderStorage(Path(out)),
            "run/",
            Recipe(),
            model,
            bucket_owner="123456789012",
            scratch=Path(scratch),
            workers=workers,
        )
    return report.counts["rows"]


def _without_maximum(model: Model) -> Model:
    """Lift the maximum of rows, so that all of them are converted and not a sample."""
    facts = model.methods["fine-tuning"]
    limits = facts.limits.model_copy(update={"max_rows": 10 * ROWS})
    return model.model_copy(update={"methods": {"fine-tuning": facts.model_copy(update={"limits": limits})}})


def _measured(work: Callable[..., int], arguments: tuple[Any, ...], results: Any) -> None:
    start, used = time.perf_counter(), time.process_time()
    rows = work(*arguments)
    seconds, used = time.perf_counter() - start, time.process_time() - used
    peaks = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    results.put((rows, seconds, used, peaks))


def measure(work: Callable[..., int], *arguments: Any) -> tuple[int, float, float, list[int]]:
    """Return rows, seconds, seconds of processor time, peak KiB of the process and of its largest child; in a
    fresh process, so that peaks are its own."""
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    process = context.Process(target=_measured, args=(work, arguments, results))
    process.start()
    found: tuple[int, float, float, list[int]] = results.get()
    process.join()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--short", action="store_true", help="rows of some 180 bytes instead of 1.4 KB")
    parser.add_argument("--bucket", help="measure media checks instead, on images written into this bucket")
    chosen = parser.parse_args()
    if chosen.bucket:
        measure_media(chosen.bucket)
    else:
        measure_rows(chosen.rows, write_short_rows if chosen.short else write_rows)


def measure_rows(rows: int, write: Callable[[Path, int], None]) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder, table = Path(place) / "jsonl", Path(place) / "csv"
        for each in (folder, table):
            each.mkdir()
        write(folder / "rows.jsonl", rows)
        write_table(folder / "rows.jsonl", table / "rows.csv")
        size = (folder / "rows.jsonl").stat().st_size
        print(f"{rows:,} rows of {size / rows:,.0f} bytes\n")
        print(f"{'':36}{'rows/s a core':>14}{'ratio':>7}{'by the clock':>14}{'ratio':>7}{'peak MiB':>10}")
        first: tuple[float, float] | None = None
        for title, core, clock, peak in _runs(folder, table):
            first = first or (core, clock)
            print(
                f"{title:36}{core:>14,.0f}{core / first[0]:>7.2f}{clock:>14,.0f}{clock / first[1]:>7.2f}{peak:>10,.0f}"
            )


def _runs(folder: Path, table: Path) -> Iterator[tuple[str, float, float, float]]:
    """Title, rows per second of the first process's processor time and of the clock, and peak MiB of a process. The
    first is not disturbed by other work on the machine; with two workers only the second counts."""
    work: list[tuple[str, Callable[..., int], tuple[Any, ...]]] = [
        ("validate with pydantic (baseline)", validate_only, (folder,)),
        ("read and parse only (the floor)", parse_only, (folder,)),
        ("all checks and conversion, 1 core", whole_intake, (folder, 1)),
        ("the same of a CSV of the same texts", whole_intake, (table, 1)),
        ("all checks and conversion, 2 cores", whole_intake, (folder, 2)),
    ]
    for title, call, arguments in work:
        rows, seconds, used, peaks = measure(call, *arguments)
        yield title, rows / used, rows / seconds, max(peaks) / 1024


def measure_media(bucket: str) -> None:
    """Measure 20,000 rows over 2,000 images in a bucket: all of the intake, against fetching and opening each row's."""
    from tailor.aws.s3 import S3Storage

    storage, prefix = S3Storage(bucket), "uploads/benchmark/images/"
    rows = ["question,answer,image"]
    for number in range(IMAGES):
        image = Image.effect_noise((320, 240), 40 + number % 50)
        out = io.BytesIO()
        image.save(out, "JPEG")
        storage.write(f"{prefix}{number:04d}.jpg", out.getvalue(), "image/jpeg")
        rows += [f"What is to be seen here {row}?,noise {row},{number:04d}.jpg" for row in range(ROWS_AN_IMAGE)]
    storage.write(f"{prefix}questions.csv", "\n".join(rows).encode(), "text/csv")
    model = catalog.model("nova-lite")
    limits = model.method("fine-tuning").limits

    start = time.perf_counter()
    for number in range(SAMPLE):
        images.inspect(storage.read(f"{prefix}{number % IMAGES:04d}.jpg"), limits)
    serial = SAMPLE / (time.perf_counter() - start)
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as scratch:
        reader = read_dataset(storage, prefix, Recipe().data, "fine-tuning", Path(scratch))
        known = KnownAssets(Path(scratch))
        desk = MediaResolver(reader.media, storage, storage, "runs/benchmark/", limits, model.name, known)
        checked = 0
        for chunk in batched(reader, 1000, strict=False):
            blocks = [(block, "") for item in chunk if isinstance(item, Example) for _, block in media_of(item)]
            checked += len(desk.fetch(blocks)[0])
        desk.close()
    media = checked / (time.perf_counter() - start)
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as scratch:
        report = prepare_dataset(
            storage, prefix, storage, "runs/benchmark/", Recipe(), model, bucket_owner=None, scratch=Path(scratch)
        )
    ours = report.counts["used"] / (time.perf_counter() - start)
    print(f"one object after another: {serial:,.0f} rows/s (over {SAMPLE} rows)")
    print(f"reading and media checks: {media:,.0f} rows/s, {media / serial:.1f} times as fast")
    print(f"the whole intake: {ours:,.0f} rows/s, {ours / serial:.1f} times as fast")


if __name__ == "__main__":
    main()
