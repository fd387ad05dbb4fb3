"""A dataset folder on this machine, put through the whole intake."""

import io
import json
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from tailor import catalog
from tailor.datasets.prepare import prepare_dataset
from tailor.datasets.report import Report
from tailor.recipe import Recipe
from tailor.storage import FolderStorage

SHARED_DATA = Path(__file__).resolve().parents[4] / "shared" / "data"


@dataclass
class Outcome:
    """What the intake left behind."""

    report: Report
    folder: Path

    def lines(self, name: str) -> list[dict[str, Any]]:
        path = self.folder / "runs/r" / name
        return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []

    @property
    def codes(self) -> set[str]:
        return {row["code"] for row in self.report.by_code}

    def found(self, code: str) -> list[dict[str, Any]]:
        return [finding for finding in self.report.findings if finding["code"] == code]


Intake = Callable[..., Outcome]


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """An empty dataset folder."""
    folder = tmp_path / "uploads" / "p" / "d"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def intake(tmp_path: Path) -> Intake:
    """Checks the dataset folder; keyword arguments are the recipe's settings."""

    def run(**settings: Any) -> Outcome:
        scratch, out = tmp_path / "scratch", tmp_path / "out"
        for folder in (scratch, out):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
        recipe = Recipe.model_validate(settings)
        report = prepare_dataset(
            FolderStorage(tmp_path),
            "uploads/p/d/",
            FolderStorage(out),
            "runs/r/",
            recipe,
            catalog.model(recipe.model),
            bucket_owner="123456789012",
            scratch=scratch,
        )
        return Outcome(report, out)

    return run


def write_jsonl(path: Path, rows: Iterable[Any]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")


def converse(question: str, answer: str, **fields: Any) -> dict[str, Any]:
    messages = [
        {"role": "user", "content": [{"text": question}]},
        {"role": "assistant", "content": [{"text": answer}]},
    ]
    return {"schemaVersion": "bedrock-conversation-2024", "messages": messages, **fields}


def chats(count: int) -> list[dict[str, Any]]:
    """Sound rows, all different."""
    return [converse(f"How much is {n} plus {n}?", f"It is {2 * n}.") for n in range(count)]


def picture(
    seed: int, size: tuple[int, int] = (64, 48), mode: str = "RGB", format: str = "PNG", **options: Any
) -> bytes:
    """A drawn picture; different seeds look different."""
    image = Image.new("RGB", size, (seed * 37 % 256, seed * 91 % 256, seed * 53 % 256))
    draw = ImageDraw.Draw(image)
    for place in range(12):
        x, y = (seed * 31 + place * 17) % size[0], (seed * 13 + place * 29) % size[1]
        colour = (place * 20, seed * 7 % 256, 255 - place * 20)
        draw.rectangle((x, y, x + size[0] // 6, y + size[1] // 6), fill=colour)
    out = io.BytesIO()
    image.convert(mode).save(out, format, **options)
    return out.getvalue()


def write_vqa(folder: Path, images: int, questions: int = 3) -> None:
    """``questions.csv`` and ``images/``."""
    (folder / "images").mkdir()
    rows = ["question,answer,image"]
    for image in range(images):
        (folder / "images" / f"{image:03d}.png").write_bytes(picture(image))
        rows += [f"Câu hỏi số {n} là gì?,đáp án {image % 7},images/{image:03d}.png" for n in range(questions)]
    (folder / "questions.csv").write_text("\n".join(rows), "utf-8")
