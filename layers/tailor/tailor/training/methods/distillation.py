"""Distillation: a teacher answers prompts, and a smaller student of the same family learns the answers.

The prompts come from the dataset (with its own answers, if it has some) or from Bedrock's invocation logs, selected
by the metadata of their requests.
"""

from typing import Any

from tailor.catalog import Model, teacher_of
from tailor.costs import NOTHING, Quote, Range
from tailor.errors import Problem, RecipeError
from tailor.recipe import InvocationLogs, Recipe
from tailor.training.advice import too_long
from tailor.training.calls import ModelCalls, answer_tokens, evaluation_lines, headroom_lines, line_of
from tailor.training.quote import Basis, billed, kept_and_hosted, training_line
from tailor.training.request import Job

# Bedrock does not document the epochs of a distillation; the student's own range for fine-tuning is 1 to 5.
EPOCHS = Range.of(1, 2, 5)


def check(recipe: Recipe, model: Model) -> None:
    problems = _hyperparameters(recipe)
    try:
        teacher = teacher_of(recipe, model)
    except RecipeError as error:
        problems += error.problems
    else:
        problems += too_long("distillation.max_answer_tokens", recipe.distillation.max_answer_tokens, teacher)
    if problems:
        raise RecipeError(problems)


def build_job(job: Job) -> dict[str, Any]:
    recipe = job.recipe
    _no_hyperparameters(recipe)
    teacher = {
        "teacherModelIdentifier": teacher_of(recipe, job.model).invoked_in(job.region),
        "maxResponseLengthForInference": recipe.distillation.max_answer_tokens,
    }
    own: dict[str, Any] = {"customizationConfig": {"distillationConfig": {"teacherModelConfig": teacher}}}
    if recipe.distillation.logs:
        own["trainingDataConfig"] = {"invocationLogsConfig": _logs(recipe.distillation.logs)}
    return job.request("DISTILLATION", **own)


def _no_hyperparameters(recipe: Recipe) -> None:
    if problems := _hyperparameters(recipe):
        raise RecipeError(problems)


def _hyperparameters(recipe: Recipe) -> list[Problem]:
    return [
        Problem(f"hyperparameters.{name}", "a distillation takes no hyperparameters", "leave it out")
        for name, value in recipe.hyperparameters
        if value is not None
    ]


def _logs(logs: InvocationLogs) -> dict[str, Any]:
    found: dict[str, Any] = {"usePromptResponse": logs.use_responses, "invocationLogSource": {"s3Uri": logs.uri}}
    filters = [{"equals": {key: value}} for key, value in sorted(logs.filters.items())]
    filters += [{"notEquals": {key: value}} for key, value in sorted(logs.exclude.items())]
    if len(filters) == 1:
        found["requestMetadataFilters"] = filters[0]
    elif filters:
        found["requestMetadataFilters"] = {"andAll": filters}
    return found


def quote(basis: Basis) -> Quote:
    """Return the cost, including the teacher's calls.

    The teacher is asked each prompt at least once, a logged one perhaps not at all; Bedrock may add prompts up to the
    method's maximum. The evaluation asks the teacher the held-out questions too.
    """
    recipe, model = basis.recipe, basis.model
    facts, teacher = model.method("distillation"), basis.priced(teacher_of(recipe, model))
    _no_hyperparameters(recipe)
    most = max(facts.limits.max_rows, basis.rows)
    logs, pairs = recipe.distillation.logs, Range.of(basis.rows, basis.rows, most)
    source = f"Bedrock may add prompts of its own, up to {most:,} pairs: that is the high end"
    if logs:
        pairs = Range.of(facts.limits.min_rows, most, most)
        source = f"how many logged requests fit is not known before: {facts.limits.min_rows:,} to {most:,} are assumed"
    taught = Range(NOTHING.low, pairs.expected, pairs.high) if logs and logs.use_responses else pairs
    answer = answer_tokens(recipe.distillation.max_answer_tokens)
    held_out = basis.held_out
    shown = answer_tokens(recipe.evaluation.max_tokens).times(basis.asked)
    prompts = basis.row.times(taught).plus(basis.prompt.times(basis.asked))
    title = f"{teacher.title} answers the prompts and {held_out} held-out questions"
    tokens = basis.row.plus(answer).times(pairs)
    lines = (
        line_of("teacher", title, teacher, [ModelCalls("teacher", prompts, answer.times(taught).plus(shown))]),
        training_line(tokens, EPOCHS, model),
        *headroom_lines(basis),
        *evaluation_lines(basis),
        *kept_and_hosted(recipe, model),
    )
    return Quote(
        model=model.name,
        method="distillation",
        lines=lines,
        assumptions=(
            source,
            "AWS does not say how many epochs a distillation runs: 1 to 5 are assumed, 2 expected",
            "the teacher's calls are billed at its on-demand price",
        ),
        training_tokens=billed(tokens, EPOCHS),
    )
