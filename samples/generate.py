"""Writes a sample dataset: ``python -m samples.generate OUT [--method fine-tuning] [--scenes 400]``.

The same arguments give the same bytes. ``tailor.yaml`` is written last, because its upload starts the run.
"""

import argparse
import csv
import io
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from samples import arithmetic, manuals, replies, scenes, support

RECIPES = Path(__file__).parent / "recipes"
HELD_OUT_EVERY = 6  # messages; no multiple of the number of departments, so that each is held out


def write_scenes(out: Path, count: int) -> None:
    """``questions.csv`` and ``images/``: drawn scenes with three questions each."""
    images = out / "images"
    images.mkdir(parents=True, exist_ok=True)
    table = io.StringIO(newline="")
    rows = csv.writer(table, lineterminator="\n")
    rows.writerow(("question", "answer", "image", "type"))
    for scene in scenes.scenes(count):
        (images / scene.file_name).write_bytes(scenes.draw(scene))
        for question in scene.questions:
            rows.writerow((question.text, question.answer, f"images/{scene.file_name}", question.type))
    _write_text(out / "questions.csv", table.getvalue())


def write_support(out: Path, count: int) -> None:
    """``messages.jsonl``: customers' messages. Only those held out have the answer: the teacher gives the others."""
    _write_lines(
        out / "messages.jsonl", (_for_a_student(number, row) for number, row in enumerate(support.rows(count)))
    )


def _for_a_student(number: int, row: dict[str, str]) -> dict[str, str]:
    prompt = {"system": row["system"], "prompt": row["prompt"]}
    if number % HELD_OUT_EVERY:
        return {**prompt, "split": "train"}
    return {**prompt, "completion": row["completion"], "split": "test"}


def write_arithmetic(out: Path, count: int) -> None:
    """``problems.jsonl``: word problems with a reference answer for the reward function."""
    _write_lines(out / "problems.jsonl", arithmetic.rows(count))


def write_manuals(out: Path, count: int) -> None:
    """``manuals.jsonl``: short manuals of invented machines, as plain documents."""
    _write_lines(out / "manuals.jsonl", manuals.rows(count))


def write_replies(out: Path, count: int) -> None:
    """``replies.jsonl``: customers' messages with a better and a worse reply each."""
    _write_lines(out / "replies.jsonl", replies.rows(count))


WRITERS: dict[str, Callable[[Path, int], None]] = {
    "fine-tuning": write_scenes,
    "distillation": write_support,
    "reinforcement": write_arithmetic,
    "continued-pre-training": write_manuals,
    "preference-optimization": write_replies,
}


def generate(out: Path, method: str = "fine-tuning", count: int = 400) -> None:
    """Writes the sample for ``method`` into the folder ``out``: ``count`` scenes or rows, and the recipe."""
    out.mkdir(parents=True, exist_ok=True)
    WRITERS[method](out, count)
    (out / "tailor.yaml").write_bytes((RECIPES / f"{method}.yaml").read_bytes())


def _write_lines(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    _write_text(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m samples.generate", description="Write a sample dataset.")
    parser.add_argument("out", type=Path, help="folder to write into; it is made where it is missing")
    parser.add_argument("--method", choices=WRITERS, default="fine-tuning", help="what the sample is for")
    parser.add_argument("--scenes", "--rows", dest="count", type=_positive, default=400, help="how many (default 400)")
    arguments = parser.parse_args()
    try:
        generate(arguments.out, arguments.method, arguments.count)
    except ValueError as error:
        parser.error(str(error))


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is too few: at least 1")
    return number


if __name__ == "__main__":
    main()
