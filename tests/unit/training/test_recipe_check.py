"""What is wrong with a recipe is found before anything is paid for, in one pass, and by all who read recipes alike."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from tailor.errors import RecipeError
from tailor.recipe import Recipe
from tailor.runs import State
from tailor.training.recipe_check import problems, read_checked
from tailor_cli.main import app
from tests.unit.steps.test_prepare import ROWS, Setting

WRONG = {
    "evaluation: {normaliser: {foo: true}}": ("evaluation.normaliser", "'foo'", "nfc, space, lower"),
    "evaluation: {language: en, normaliser: {tone: true}}": ("evaluation.normaliser", "'tone'", "articles"),
    "evaluation: {metric: exactmatch}": ("evaluation.metric", "'exactmatch'", "exact_match"),
    "evaluation: {guards: [{metric: nope}]}": ("evaluation.guards.0.metric", "'nope'", "rouge_l"),
    "evaluation: {guards: [{metric: auto}]}": ("evaluation.guards.0.metric", "'auto'", "rouge_l"),
    "evaluation: {judge: bob}": ("evaluation.judge", "'bob'", "known models"),
    "evaluation: {max_rows: 10}": ("evaluation.max_rows", "10 rows", "30"),
    "hyperparameters: {epochs: 5000}": ("hyperparameters.epochs", "this model takes 1 to 5", "leave it out"),
    "teacher: xx": ("teacher", "'xx'", "known models"),
    "{method: distillation, teacher: xx}": ("teacher", "'xx'", "nova-pro"),
    "deployment: {kind: provisioned}": ("deployment", "they need an end", "add hours: 8"),
    "deployment: {idle_hours: 8}": ("deployment.idle_hours", "no model units", "kind: provisioned"),
    "deployment: {hours: 8}": ("deployment.hours", "no model units", "kind: provisioned"),
    "deployment: {kind: provisioned, until: 2026-01-01 12:00}": ("deployment.until", "has passed", "a later time"),
    "notifications: {mention: '@ann'}": ("notifications.mention", "'@ann' is not the id", "Copy member ID"),
    "notifications: {mention: '<!channel>'}": ("notifications.mention", "'<!channel>'", "channels can't be mentioned"),
    "notifications: {mention: <@U012ABCDEF>}": ("notifications.mention", "U…", "did you mean 'U012ABCDEF'?"),
    "model: nova-lit": ("model", "'nova-lit'", "nova-lite"),
}


@pytest.mark.parametrize(("text", "told"), WRONG.items())
def test_each_wrong_value_is_named_with_what_there_is(text: str, told: tuple[str, str, str]) -> None:
    (problem,) = problems(Recipe.parse(text))
    assert problem.where == told[0]
    assert told[1] in problem.message
    assert told[2] in problem.fix


@pytest.mark.parametrize("text", WRONG)
def test_the_cloud_and_every_command_refuse_the_same_recipes(tmp_path: Path, text: str) -> None:
    run = Setting(tmp_path / "cloud", recipe=text).prepare()
    assert run is not None
    assert run.state == State.REJECTED
    assert run.report.findings[0].code == "invalid-recipe"
    assert not run.quote
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "data.csv").write_text(ROWS, "utf-8")
    (folder / "tailor.yaml").write_text(text, "utf-8")
    where = WRONG[text][0]
    for command in (["check", str(folder)], ["quote", str(folder)], ["push", str(folder), "capitals/quiz"]):
        result = CliRunner().invoke(app, command)
        assert result.exit_code == 1, command
        assert "tailor.yaml" in result.output
        assert where in result.output


def test_unknown_settings_and_wrong_values_are_told_in_one_pass() -> None:
    text = """
    methd: distillation
    hyperparameters: {epochs: 5000, epoch: 3}
    split: {train: lots}
    evaluation: {metric: exactmatch, guards: [{metric: nope}], judge: bob, normaliser: {foo: true}}
    """
    with pytest.raises(RecipeError) as caught:
        read_checked(text)
    assert {problem.where for problem in caught.value.problems} == {
        *("methd", "hyperparameters.epoch", "split.train", "hyperparameters.epochs", "evaluation.metric"),
        *("evaluation.guards.0.metric", "evaluation.judge", "evaluation.normaliser"),
    }


def test_every_wrong_setting_of_provisioned_units_is_told_in_one_pass() -> None:
    with pytest.raises(RecipeError) as caught:
        read_checked("deployment: {kind: provisioned, units: 0, hours: never, until: tonight, keep: 2}")
    found = {problem.where: f"{problem.message} {problem.fix}" for problem in caught.value.problems}
    assert "at least 1" in found["deployment.units"]
    assert "a number is needed" in found["deployment.hours"]
    assert "2026-12-24T18:00+07:00" in found["deployment.until"]
    assert "they need an end" in found["deployment"]
    assert "keep_previous_hours" in found["deployment.keep"]


def test_where_the_method_is_unknown_only_what_holds_for_all_is_told() -> None:
    with pytest.raises(RecipeError) as caught:
        read_checked("{method: tuning, hyperparameters: {epochs: 5000}, evaluation: {judge: bob}}")
    assert [problem.where for problem in caught.value.problems] == ["method", "evaluation.judge"]
    recipe, _ = read_checked("{model: nova-lite}", method="distillation")
    assert recipe.method == "distillation"


def test_a_worse_answer_is_named_only_where_both_are_learnt() -> None:
    columns = "data: {columns: {answer: ours, worse: theirs}}"
    with pytest.raises(RecipeError, match="two answers"):
        read_checked(columns)
    recipe, _ = read_checked(f"method: preference-optimization\n{columns}")
    assert recipe.data.columns.worse == "theirs"
