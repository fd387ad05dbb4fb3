"""Continued pre-training: plain documents, without questions or answers.

No base model on Bedrock offers it today; preflight asks the Region and says so before anything is written.
"""

from collections.abc import Mapping
from typing import Any

from tailor.catalog import Model
from tailor.recipe import Recipe
from tailor.runs import Run
from tailor.training import advice
from tailor.training import quote as quotes
from tailor.training.request import as_text, base_request


def check(recipe: Recipe, model: Model) -> None:
    facts = model.method("continued-pre-training")
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
    facts = model.method("continued-pre-training")
    request = base_request(
        run, model, facts, "CONTINUED_PRE_TRAINING", manifest=manifest, bucket=bucket, role_arn=role_arn, tags=tags
    )
    advised = advice.hyperparameters(recipe, facts, int(manifest["rows"]["train"]))
    request["hyperParameters"] = {
        facts.hyperparameters[name].bedrock: as_text(chosen.value) for name, chosen in advised.items()
    }
    return request


def quote(manifest: Mapping[str, Any], recipe: Recipe, model: Model) -> quotes.Quote:
    facts = model.method("continued-pre-training")
    advised = advice.hyperparameters(recipe, facts, int(manifest["rows"]["train"]))
    epochs = quotes.Range.exactly(float(advised["epochs"].value))
    tokens = quotes.training_tokens(manifest)
    return quotes.Quote(
        model=model.name,
        method="continued-pre-training",
        lines=(
            quotes.training_line(tokens, epochs, model),
            quotes.evaluation_line(manifest, recipe, model),
            *quotes.kept_and_hosted(recipe, model),
        ),
        assumptions=(
            f"{advised['epochs'].value} epochs: {advised['epochs'].reason}",
            "training is billed by the tokens of the documents, once for each epoch",
        ),
        training_tokens=quotes.billed(tokens, epochs),
    )
