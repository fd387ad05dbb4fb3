"""Fine-tuning: examples with answers, of text, images or video."""

from typing import Any

from tailor.catalog import Model
from tailor.costs import Quote
from tailor.recipe import Recipe
from tailor.training import advice
from tailor.training.calls import evaluation_lines, headroom_lines
from tailor.training.quote import Basis, by_epochs
from tailor.training.request import Job, as_texts


def check(recipe: Recipe, model: Model) -> None:
    facts = model.method("fine-tuning")
    advice.hyperparameters(recipe, facts, facts.limits.min_rows)


def build_job(job: Job) -> dict[str, Any]:
    return job.request("FINE_TUNING", hyperParameters=as_texts(job.hyperparameters))


def quote(basis: Basis) -> Quote:
    others = (*headroom_lines(basis), *evaluation_lines(basis))
    return by_epochs(
        basis,
        others,
        "tokenisers are not published: the range covers languages and pictures that take more tokens than others",
    )
