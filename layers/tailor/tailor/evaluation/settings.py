"""Check names that a recipe's evaluation uses: metrics, guards, normaliser steps. Needs no data and no NumPy."""

from tailor import metrics
from tailor.errors import InvalidInputError, Problem, RecipeError
from tailor.normalisers import check_switches
from tailor.recipe import Evaluation


def check_settings(evaluation: Evaluation) -> None:
    """Raise RecipeError for names that do not exist."""
    if found := problems(evaluation):
        raise RecipeError(found)


def problems(evaluation: Evaluation) -> list[Problem]:
    wanted = [] if evaluation.metric == "auto" else [("evaluation.metric", evaluation.metric)]
    wanted += [(f"evaluation.guards.{place}.metric", guard.metric) for place, guard in enumerate(evaluation.guards)]
    found = []
    for where, name in wanted:
        try:
            metrics.check_name(name)
        except InvalidInputError as error:
            found.append(Problem(where, error.message, error.hint))
    try:
        check_switches(evaluation.language, evaluation.normaliser)
    except InvalidInputError as error:
        found.append(Problem("evaluation.normaliser", error.message, error.hint))
    return found
