"""Datasets in the shapes that public tools, leaderboards and bug reports have: what is learnt of each, or what is said.

The datasets themselves lie beside the repository, where there is such a folder; else this skips. Each kind of shape
also has a test of its own elsewhere."""

import json
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from tailor import catalog
from tailor.datasets.prepare import prepare_dataset
from tailor.recipe import Recipe
from tailor.storage import FolderStorage

CASES = Path(__file__).parents[3].parent / "shared/cases/intake"
pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason="the public shapes are not on this machine")


class Shape(NamedTuple):
    """``used``: rows that are learnt or tested; ``codes``: of findings that there must be; ``learnt``: texts that
    stand in the prepared rows, ``never``: texts that must not; ``says``: texts of a finding."""

    case: str
    used: int
    codes: str = ""
    learnt: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    says: str = ""


SHAPES = [
    Shape("13-llava-system_prompt-key", 24, "", ("Giải thích điều bạn thấy.",)),
    Shape("15-swift-query-history-text", 24, "", ("Quán chào bạn", "phở")),
    Shape("16-swift-kto-label-false", 12, "marked-bad", ("cơm tấm",), ("đồ ngốc",)),
    Shape("17-lf-kto_tag", 12, "marked-bad", ("cơm tấm",), ("Đồ ngốc",)),
    Shape("18-trl-kto", 12, "marked-bad", ("cơm tấm",), ("Đồ ngốc",)),
    Shape("26-axolotl-train-false", 0, "marked-bad no-rows"),
    Shape("27-swift-loss-false", 0, "marked-bad no-rows"),
    Shape("29-reasoning_content-lite", 24, "reasoning-not-supported", ("phở",), ("để tôi nghĩ",)),
    Shape("30-reasoning_content-nova2", 24, "reasoning-read", ("reasoningContent", "để tôi nghĩ")),
    Shape("31-think-tags-lite", 24, "reasoning-not-supported", ("phở",), ("think>",)),
    Shape("32-think-tags-nova2", 24, "reasoning-read", ("reasoningContent",), ("think>",)),
    Shape("33-minimind-null-fields", 24, "reasoning-not-supported", ("phở",)),
    Shape("55-openpipe-split", 24),
    Shape("144-kto-qa-table", 12, "marked-bad", ("cơm tấm",), ("Đồ ngốc",)),
    Shape("148-split-col-names", 24),
    Shape("165-claude-thinking-nova2", 24, "reasoning-read", ("reasoningContent",)),
    Shape("181-r1-distill-csv", 24, "reasoning-read", ("Nghĩ từng bước",)),
    Shape("54-evals-input-output-ideal", 24, "", ("phở",), ('"3"',)),
    Shape("75-csv-openmath-cols", 24, "", ("Tính 0+1",)),
    Shape("85-nextqa-csv", 24, "choices-read", ("A. phở\\nB. bún chả",)),
    Shape("153-vqa-answers-liststr-csv", 24, "", ("bún chả",), ("answer_confidence",)),
    Shape("158-quiz-answers-correct-index", 0, "choice-ambiguous", says="first_choice"),
    Shape("159-quiz-answers-objects", 24, "choices-read", ('"text":"bún chả"',)),
    Shape("161-truthfulqa", 24, "", ("phở",)),
    Shape("162-excel-vn-dapan-1-4", 24, "choices-read"),
    Shape("163-setfit-label_text", 24, "", ("khen",)),
]


@pytest.mark.parametrize("shape", SHAPES, ids=[shape.case for shape in SHAPES])
def test_a_public_shape(shape: Shape, tmp_path: Path) -> None:
    (case,) = [each for each in _cases() if each["case"] == shape.case]
    folder = tmp_path / "uploads/uploads/team/set"
    shutil.copytree(CASES / shape.case / "in", folder)
    text = (folder / "tailor.yaml").read_text("utf-8") if (folder / "tailor.yaml").exists() else "{}"
    recipe = Recipe.model_validate({**yaml.safe_load(text), "method": case["method"], "model": case["model"]})
    (tmp_path / "scratch").mkdir()

    report = prepare_dataset(
        FolderStorage(tmp_path / "uploads"),
        "uploads/team/set/",
        FolderStorage(tmp_path / "out"),
        "run/",
        recipe,
        catalog.model(case["model"]),
        bucket_owner=None,
        scratch=tmp_path / "scratch",
        workers=1,
        write_unusable=True,
    )

    told = {found["code"]: found["message"] + found["fix"] for found in report.findings}
    written = "\n".join(path.read_text("utf-8") for path in (tmp_path / "out").rglob("prepared/*.jsonl"))
    assert report.counts["used"] == shape.used, report.findings
    assert set(shape.codes.split()) <= told.keys(), report.findings
    assert [text for text in shape.learnt if text not in written] == []
    assert [text for text in shape.never if text in written] == []
    assert shape.says in " ".join(told.values())


def _cases() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((CASES / "cases.json").read_text("utf-8"))
    return found
