"""Reinforcement: the model answers prompts several times, a reward function grades the answers."""

from collections.abc import Mapping
from typing import Any

from tailor.catalog import Model
from tailor.errors import InvalidInputError
from tailor.recipe import Recipe
from tailor.runs import Run
from tailor.training import advice
from tailor.training import quote as quotes
from tailor.training.request import base_request


def check(recipe: Recipe, model: Model) -> None:
    facts = model.method("reinforcement")
    advice.hyperparameters(recipe, facts, facts.limits.min_rows)


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
    """``grader_arn``: the reward function's. Its hyperparameters are typed and lie in the method's own part."""
    if not grader_arn:
        raise InvalidInputError("reinforcement needs the reward function's ARN", hint="deploy the function grade")
    facts = model.method("reinforcement")
    request = base_request(
        run, model, facts, "REINFORCEMENT_FINE_TUNING", manifest=manifest, bucket=bucket, role_arn=role_arn, tags=tags
    )
    advised = advice.hyperparameters(recipe, facts, int(manifest["rows"]["train"]))
    request["customizationConfig"] = {
        "rftConfig": {
            "graderConfig": {"lambdaGrader": {"lambdaArn": grader_arn}},
            "hyperParameters": {facts.hyperparameters[name].bedrock: item.value for name, item in advised.items()},
        }
    }
    return request


def quote(manifest: Mapping[str, Any], recipe: Recipe, model: Model) -> quotes.Quote:
    facts = model.method("reinforcement")
    rows = int(manifest["rows"]["train"])
    advised = advice.hyperparameters(recipe, facts, rows)
    answers = rows * int(advised["samples_per_prompt"].value) * int(advised["epochs"].value)
    missing = "it is billed by the hour, and how many hours a job takes is known only afterwards"
    training = quotes.line(
        "training", f"Training {model.title}", "once", None, model.price("training-hour"), "", missing
    )
    return quotes.Quote(
        model=model.name,
        method="reinforcement",
        lines=(
            training,
            *quotes.headroom_line(manifest, recipe, model),
            quotes.evaluation_line(manifest, recipe, model),
            *quotes.kept_and_hosted(recipe, model),
        ),
        assumptions=(
            f"about {answers:,} answers are graded; the reward function's calls are in your Lambda bill",
            "AWS's own examples took several hours",
        ),
    )
