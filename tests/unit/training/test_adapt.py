import json
from pathlib import Path
from typing import Any

from tailor import catalog
from tailor.datasets.example import Example
from tailor.datasets.formats import adapted
from tailor.datasets.prepare import prepare_dataset
from tailor.recipe import Recipe
from tailor.rewards import REWARDS
from tailor.storage import FolderStorage
from tailor.training.bench import about_trials, try_probes

PRE_TRAINING = Recipe(method="continued-pre-training", model="titan-text-lite")
REINFORCEMENT = Recipe.model_validate(
    {"method": "reinforcement", "model": "nova-2-lite", "reinforcement": {"rewards": [{"kind": "numeric"}]}}
)


def test_a_long_document_becomes_pieces_of_one_group() -> None:
    text = "A sentence of the manual. " * 1000
    example = Example("manual.txt", 3, document=text)
    found = list(adapted([example], PRE_TRAINING, catalog.model("titan-text-lite")))
    assert len(found) == 4
    assert "".join(piece.document or "" for piece in found) == text
    assert {piece.group for piece in found} == {"manual.txt:3"}
    assert {piece.line for piece in found} == {3}


def test_short_documents_and_other_methods_are_left_alone() -> None:
    example = Example("manual.txt", 3, document="short")
    assert list(adapted([example], PRE_TRAINING, catalog.model("titan-text-lite"))) == [example]
    assert list(adapted([example], Recipe(), catalog.model("nova-lite"))) == [example]


def prepared(tmp_path: Path, name: str, rows: list[dict[str, Any]], recipe: Recipe) -> tuple[Any, list[dict[str, Any]]]:
    uploads = tmp_path / "uploads"
    uploads.mkdir()
    (uploads / name).write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    report = prepare_dataset(
        FolderStorage(uploads),
        "",
        FolderStorage(tmp_path / "out"),
        "r/",
        recipe,
        catalog.model(recipe.model),
        bucket_owner=None,
        scratch=scratch,
    )
    lines = (tmp_path / "out/r/prepared/train.jsonl").read_text("utf-8").splitlines()
    return report, [json.loads(line) for line in lines]


def test_the_pieces_reach_the_training_file_within_the_models_limit(tmp_path: Path) -> None:
    rows = [{"text": f"Manual {n}. " + "It has many words, and more of them. " * 400} for n in range(12)]
    report, found = prepared(tmp_path, "manuals.jsonl", rows, PRE_TRAINING)
    assert not {row["code"] for row in report.by_code} & {"too-many-tokens", "perhaps-too-many-tokens"}
    assert len(found) > 12
    assert all(len(row["input"]) <= 8190 for row in found)


def test_the_rewards_reach_the_training_file_and_the_reward_function(tmp_path: Path) -> None:
    rows = [
        {"messages": [{"role": "user", "content": f"What is {n} and {n}?"}], "reference_answer": str(2 * n)}
        for n in range(150)
    ]
    _, found = prepared(tmp_path, "sums.jsonl", rows, REINFORCEMENT)
    assert all(row[REWARDS] == {"rewards": [{"kind": "numeric"}]} for row in found)
    assert about_trials(try_probes(found)) == []
