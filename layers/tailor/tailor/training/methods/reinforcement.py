"""Reinforcement: the model answers prompts several times, a reward function grades the answers."""

from typing import Any

from tailor.catalog import Model
from tailor.costs import Quote
from tailor.errors import InvalidInputError
from tailor.recipe import Recipe
from tailor.training import advice
from tailor.training.calls import evaluation_lines, headroom_lines
from tailor.training.quote import Basis, kept_and_hosted, line
from tailor.training.request import Job


def check(recipe: Recipe, model: Model) -> None:
    facts = model.method("reinforcement")
    advice.hyperparameters(recipe, facts, facts.limits.min_rows)


def build_job(job: Job) -> dict[str, Any]:
    """Return the request; this method's hyperparameters are typed and have a section of their own."""
    if not job.grader_arn:
        raise InvalidInputError("reinforcement needs the reward function's ARN", hint="deploy the function grade")
    grader = {"lambdaGrader": {"lambdaArn": job.grader_arn}}
    own = {"rftConfig": {"graderConfig": grader, "hyperParameters": job.hyperparameters}}
    return job.request("REINFORCEMENT_FINE_TUNING", customizationConfig=own)


def quote(basis: Basis) -> Quote:
    facts, model = basis.model.method("reinforcement"), basis.model
    advised = advice.hyperparameters(basis.recipe, facts, basis.rows)
    answers = basis.rows * int(advised["samples_per_prompt"].value) * int(advised["epochs"].value)
    missing = "it is billed by the hour, and how many hours a job takes is known only afterwards"
    training = line("training", f"Training {model.title}", "once", None, model.price("training-hour"), "", missing)
    return Quote(
        model=model.name,
        method="reinforcement",
        lines=(
            training,
            *headroom_lines(basis),
            *evaluation_lines(basis),
            *kept_and_hosted(basis.recipe, model),
        ),
        assumptions=(
            f"about {answers:,} answers are graded; the reward function's calls are in your Lambda bill",
            "AWS's own examples took several hours",
        ),
    )
