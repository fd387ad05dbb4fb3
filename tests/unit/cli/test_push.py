from pathlib import Path

import pytest
from typer.testing import CliRunner

from tailor_cli.main import app


def push(path: Path, target: str) -> str:
    result = CliRunner().invoke(app, ["push", str(path), target])
    assert result.exit_code == 1
    return result.output


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    (tmp_path / "data.csv").write_text("question,answer\nx,y\n")
    return tmp_path


def test_a_wrong_recipe_is_refused_with_its_file_each_problem_and_how_to_fix_it(dataset: Path) -> None:
    (dataset / "tailor.yaml").write_text("modle: nova-lite\nbudget: {limit: lots}\n")
    said = push(dataset, "colours/scenes")
    assert "tailor.yaml: modle: there is no such setting" in said
    assert "did you mean 'model'?" in said
    assert "tailor.yaml: budget.limit: " in said


def test_a_wrong_value_in_brackets_is_shown_as_it_is(dataset: Path) -> None:
    (dataset / "tailor.yaml").write_text("budget: {limit: ['[/red]']}\n")
    assert "[/red]" in push(dataset, "colours/scenes")


def test_a_target_without_a_dataset_is_explained(dataset: Path) -> None:
    said = push(dataset, "colours")
    assert "'colours' names no dataset" in said
    assert "PROJECT/DATASET" in said
