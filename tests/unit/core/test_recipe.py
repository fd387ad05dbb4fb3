import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailor.errors import RecipeError
from tailor.recipe import Recipe


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
        ("- model", "tailor.yaml", "not a list"),
        ("model: [", "line 1", "not valid YAML"),
        (b"\xff\xfe\x00", "tailor.yaml", "UTF-8"),
    ],
)
def test_a_wrong_recipe_says_where_what_and_how(text: str, where: str, words: str) -> None:
    with pytest.raises(RecipeError) as refused:
        Recipe.parse(text)
    (problem,) = refused.value.problems
    assert where in problem.where
    assert words in f"{problem.message} {problem.fix}"


def test_every_problem_is_named_in_one_pass() -> None:
    with pytest.raises(RecipeError) as refused:
        Recipe.parse("mehtod: x\nevaluation: {margin: 2}\nbudget: {limit: -1}")
    assert {problem.where for problem in refused.value.problems} == {"mehtod", "evaluation.margin", "budget.limit"}


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
