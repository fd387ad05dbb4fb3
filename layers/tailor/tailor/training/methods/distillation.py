"""Distillation: a teacher answers prompts, a smaller student of the same family learns the answers.

The prompts come from the dataset (with answers of our own where it has some) or from Bedrock's invocation logs, chosen
by the metadata of their requests.
"""

from collections.abc import Mapping
from typing import Any

from tailor import catalog
from tailor.catalog import Model
from tailor.errors import Problem, RecipeError
from tailor.recipe import InvocationLogs, Recipe
from tailor.runs import Run
from tailor.training import quote as quotes
from tailor.training.request import base_request

# Bedrock does not document the epochs of a distillation; the student's own range for fine-tuning is 1 to 5.
EPOCHS = quotes.Range.of(1, 2, 5)


def teacher_of(recipe: Recipe, model: Model) -> Model:
    """The recipe's teacher, or the first that the catalogue lists. Raises RecipeError for one that can't teach it."""
    teachers = model.method("distillation").teachers
    name = recipe.teacher or teachers[0]
    if name not in teachers:
        fix = f"teachers for {model.name}: {', '.join(teachers)}"
        raise RecipeError([Problem("teacher", f"{name!r} can't teach {model.name}", fix)])
    return catalog.model(name)


def check(recipe: Recipe, model: Model) -> None:
    teacher_of(recipe, model)
    _no_hyperparameters(recipe)


def build_job(
    run: Run,
    recipe: Recipe,
    model: Model,
    *,
    manifest: Mapping[str, Any],
    bucket: str,
    role_arn: str,
    tags: Mapping[str, str],
    grader_arn: str = "",
) -> dict[str, Any]:
    facts = model.method("distillation")
    _no_hyperparameters(recipe)
    request = base_request(
        run, model, facts, "DISTILLATION", manifest=manifest, bucket=bucket, role_arn=role_arn, tags=tags
    )
    request["customizationConfig"] = {
        "distillationConfig": {
            "teacherModelConfig": {
                "teacherModelIdentifier": teacher_of(recipe, model).invoke_id,
                "maxResponseLengthForInference": recipe.distillation.max_answer_tokens,
            }
        }
    }
    if recipe.distillation.logs:
        request["trainingDataConfig"] = {"invocationLogsConfig": _logs(recipe.distillation.logs)}
    return request


def _no_hyperparameters(recipe: Recipe) -> None:
    problems = [
        Problem(f"hyperparameters.{name}", "a distillation takes no hyperparameters", "leave it out")
        for name, value in recipe.hyperparameters
        if value is not None
    ]
    if problems:
        raise RecipeError(problems)


def _logs(logs: InvocationLogs) -> dict[str, Any]:
    found: dict[str, Any] = {"usePromptResponse": logs.use_responses, "invocationLogSource": {"s3Uri": logs.uri}}
    filters = [{"equals": {key: value}} for key, value in sorted(logs.filters.items())]
    filters += [{"notEquals": {key: value}} for key, value in sorted(logs.exclude.items())]
    if len(filters) == 1:
        found["requestMetadataFilters"] = filters[0]
    elif filters:
        found["requestMetadataFilters"] = {"andAll": filters}
    return found


def quote(manifest: Mapping[str, Any], recipe: Recipe, model: Model) -> quotes.Quote:
    """The teacher is asked each prompt at least once; Bedrock may add prompts of its own up to the method's maximum.

    The evaluation asks it the held-out questions too.
    """
    facts, teacher = model.method("distillation"), teacher_of(recipe, model)
    _no_hyperparameters(recipe)
    rows = int(manifest["rows"]["train"])
    pairs = quotes.Range.of(rows, rows, max(facts.limits.max_rows, rows))
    prompt = quotes.training_row(manifest)
    answer = quotes.answer_tokens(recipe.distillation.max_answer_tokens)
    held_out = quotes.held_out_rows(manifest, recipe)
    title = f"{teacher.title} answers the prompts and {held_out} held-out questions"
    shown = quotes.answer_tokens(recipe.evaluation.max_tokens).times(held_out)
    all_prompts = prompt.times(pairs).plus(quotes.asked_tokens(manifest).times(held_out))
    asked = [quotes.Calls("teacher", all_prompts, answer.times(pairs).plus(shown))]
    tokens = prompt.plus(answer).times(pairs)
    lines = (
        quotes.calls_line("teacher", title, teacher, asked),
        quotes.training_line(tokens, EPOCHS, model),
        quotes.evaluation_line(manifest, recipe, model),
        *quotes.kept_and_hosted(recipe, model),
    )
    return quotes.Quote(
        model=model.name,
        method="distillation",
        lines=lines,
        assumptions=(
            f"Bedrock may add prompts of its own, up to {facts.limits.max_rows:,} pairs: that is the high end",
            "AWS does not say how many epochs a distillation runs: 1 to 5 are assumed, 2 expected",
            "the teacher's calls are billed at its on-demand price",
        ),
        training_tokens=quotes.billed(tokens, EPOCHS),
    )
