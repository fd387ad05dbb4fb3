import re
from decimal import Decimal
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tailor import catalog
from tailor.errors import NotFoundError, RecipeError
from tailor.recipe import METHODS, Method, Recipe
from tailor.training import methods, recipe_check
from tailor.training.approval import needs_approval


@pytest.mark.parametrize("text", ["", "# nothing", "---\n"])
def test_no_recipe_is_needed(text: str) -> None:
    assert Recipe.parse(text) == Recipe()


@pytest.mark.parametrize(
    ("text", "where", "words"),
    [
        ("mdoel: nova-lite", "mdoel", "did you mean 'model'?"),
        ("data: {colums: {}}", "data.colums", "did you mean 'columns'?"),
        ("hyperparameters: {epochs: many}", "hyperparameters.epochs", "many"),
        ("split: {train: 0.5}", "split", "add up to 0.7"),
        ("split: {validation: 0.5, test: 0.5}", "split", "train may not be 0"),
        ("split: 80/20", "split", "known here: train, validation, test"),
        ("data: {max_errors: 10%}", "data.max_errors", "write 0.1"),
        ("data: {on_error: Skip}", "data.on_error", "did you mean 'skip'?"),
        ("data: {columns: {choices: 3}}", "data.columns.choices", "a name or a list of names"),
        ("evaluation: {guards: {metric: x}}", "evaluation.guards", "a list is needed"),
        ("evaluation: {max_rows: 2.5}", "evaluation.max_rows", "whole number"),
        ("distillation: {logs: {uri: 'http://x'}}", "distillation.logs.uri", "begin with s3://"),
        ("epochs: 3", "epochs", "write it below 'hyperparameters'"),
        ("- model", "tailor.yaml", "not a list"),
        ("model: [", "line 1", "not valid YAML"),
        (b"mod\xe9l: x", "tailor.yaml", "UTF-8"),
        (b"\xff\xfe\x00", "tailor.yaml", "UTF-8"),
        ("model: nova\0lite", "tailor.yaml", "character 12"),
        ("model: nova-lite\nsplit: {}\nmodel: nova-pro", "line 3, column 1", "'model' is set twice"),
        ("split: {train: 0.8, train: 0.9}", "line 1, column 21", "'train' is set twice"),
        ("data: &d {}\nsplit: *d", "line 2, column 8", "no aliases"),
        ("? [a, b]\n: c", "line 1", "unhashable key"),
        ("patience: {waiting_hours: .inf}", "patience.waiting_hours", "finite"),
        ("patience: {waiting_hours: 1e300}", "patience.waiting_hours", "8760"),
        ("budget: {approval_hours: 1e9}", "budget.approval_hours", "8760"),
        ("deployment: {keep_previous_hours: .inf}", "deployment.keep_previous_hours", "finite"),
        ("reinforcement: {rewards: [{kind: numeric, weight: .inf}]}", "reinforcement.rewards.0.weight", "finite"),
        ("reinforcement: {rewards: [{kind: format, pattern: 'a{99999999999}'}]}", "rewards.0", "too large"),
        (f"evaluation: {{max_rows: {'9' * 5000}}}", "tailor.yaml", "too long"),
    ],
)
def test_a_wrong_recipe_says_where_what_and_how(text: str, where: str, words: str) -> None:
    with pytest.raises(RecipeError) as refused:
        Recipe.parse(text)
    (problem,) = refused.value.problems
    assert where in problem.where
    assert words in f"{problem.message} {problem.fix}"


@pytest.mark.parametrize(
    ("text", "shares"),
    [
        ("split: {test: 0.2}", (0.7, 0.1, 0.2)),
        ("split: {validation: 0, test: 0.25}", (0.75, 0, 0.25)),
        ("split: {seed: 1}", (0.8, 0.1, 0.1)),
    ],
)
def test_what_is_not_for_testing_is_for_training(text: str, shares: tuple[float, ...]) -> None:
    split = Recipe.parse(text).split
    assert (split.train, split.validation, split.test) == shares


def test_every_problem_is_named_in_one_pass() -> None:
    with pytest.raises(RecipeError) as refused:
        Recipe.parse("mehtod: x\nevaluation: {margin: 2}\nbudget: {limit: -1}")
    assert {problem.where for problem in refused.value.problems} == {"mehtod", "evaluation.margin", "budget.limit"}


def test_a_few_lines_that_stand_for_billions_of_values_cost_nothing() -> None:
    lines = ["data: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    with pytest.raises(RecipeError, match="no aliases"):
        Recipe.parse("\n".join([*lines, "description: *a9"]))


_OF_A_LIBRARY = re.compile(
    "[Ii]nput should|[A-Z][a-z]+ should|instance of|unable to parse|after validation|[Tt]uple|dictionary"
)
ODD: list[Any] = [None, True, 0, -1, 1, 2, 7, 0.5, 1e308, -1e308, 1e-300, 10**30, float("nan"), float("inf")]
ODD += ["", "x" * 600, "nova-pro", "nova_lite", "auto", "2026-11-22", "\x1b[2J"]
ODD += [[], [1], {}, {"a": 1}, [{"kind": "format", "pattern": "("}]]
SETTINGS = [
    (section, name)
    for section, field in Recipe.model_fields.items()
    for name in getattr(field.annotation, "model_fields", {"": None})
]


@settings(max_examples=300, deadline=None)
@given(
    method=st.sampled_from(METHODS),
    model=st.sampled_from([model.name for model in catalog.models()]),
    odd=st.dictionaries(st.sampled_from(SETTINGS), st.sampled_from(ODD), min_size=1, max_size=3),
)
def test_odd_values_are_refused_by_name_or_can_be_quoted(method: Method, model: str, odd: dict[Any, Any]) -> None:
    document: dict[str, Any] = {"method": method, "model": model}
    for (section, name), value in odd.items():
        document[section] = {**document.get(section, {}), name: value} if name else value
    try:
        recipe = Recipe.parse(yaml.safe_dump(document))
        base = catalog.model(recipe.model)
    except RecipeError as error:
        told = [f"{problem.message} {problem.fix}" for problem in error.problems]
        assert [each for each in told if _OF_A_LIBRARY.search(each)] == []
        return
    except NotFoundError:
        return
    problems = recipe_check.problems(recipe)
    assert all(problem.where and problem.message and problem.fix for problem in problems)
    if not problems:
        rows = {"train": 960, "validation": 120, "test": 120}
        manifest = {"rows": rows, "tokens": {"low": 1000, "expected": 2000, "high": 3000}, "media": {}}
        quote = methods.quote(manifest, recipe, base)
        assert all(line.low is None or 0 <= line.low <= line.high for line in quote.lines if line.high is not None)
        assert needs_approval(quote, recipe, Decimal(50)) is None or quote.document()


@given(st.one_of(st.text(max_size=300), st.binary(max_size=300)))
def test_any_text_is_a_recipe_or_a_recipe_error(text: str | bytes) -> None:
    try:
        Recipe.parse(text)
    except RecipeError as error:
        assert all(problem.fix for problem in error.problems)


@pytest.mark.parametrize("text", ["[" * 60_000, "a: " + "{b: " * 10_000, "- " * 30_000, "a" * 70_000])
def test_a_recipe_that_is_deep_or_large_is_an_error_and_not_a_crash(text: str) -> None:
    with pytest.raises(RecipeError):
        Recipe.parse(text)


@pytest.mark.parametrize(
    ("where", "text"),
    [
        ("split.seed", f"split: {{seed: {10**50}}}"),
        ("split.seed", f"split: {{seed: {-(10**38)}}}"),
        ("hyperparameters.learning_rate", "hyperparameters: {learning_rate: 1.0e-300}"),
        ("patience.deploying_hours", "patience: {deploying_hours: 1.0e-200}"),
    ],
)
def test_a_number_that_a_run_could_not_keep_is_refused_by_name(where: str, text: str) -> None:
    with pytest.raises(RecipeError) as error:
        Recipe.parse(text)
    [problem] = error.value.problems
    assert problem.where == where
    assert re.search("between 1e-130 and|at most 38 digits", problem.message)


@pytest.mark.parametrize("seed", [2**60, 1_764_374_400_000_000, 10**38 - 1, -(10**38) + 1])
def test_a_seed_that_a_stored_run_has_stays_readable(seed: int) -> None:
    assert Recipe.parse(f"split: {{seed: {seed}}}").split.seed == seed


def test_a_language_is_a_code_however_it_is_written() -> None:
    assert Recipe.parse("evaluation: {language: vi-VN}").evaluation.language == "vi"
    with pytest.raises(RecipeError) as error:
        Recipe.parse("evaluation: {language: vietnamese}")
    [problem] = error.value.problems
    assert problem.where == "evaluation.language"
    assert "two or three letters" in problem.message
