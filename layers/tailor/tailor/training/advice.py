"""Hyperparameters for this data and model, each with its reason, and whether tuning is worthwhile.

The recipe's settings are kept if the model supports them. The others follow AWS's guidance for the model, from the
number of training rows (docs/training.md names the pages).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

from tailor.catalog import Hyperparameter, MethodFacts, Model
from tailor.costs import Advice
from tailor.errors import Problem, RecipeError, TailorError
from tailor.evaluation import sizes
from tailor.recipe import Recipe

FEW_ROWS = 1000
MANY_ROWS = 5000
HEADROOM_LIMIT = 0.95
RARE_REWARD = 0.05
_DOUBTS = 3  # about the metric, of which one is enough to look


@dataclass(frozen=True, slots=True)
class Advised:
    """A hyperparameter's value and its reason."""

    value: float | str
    reason: str


def hyperparameters(recipe: Recipe, facts: MethodFacts, rows: int) -> dict[str, Advised]:
    """Return values by recipe name, in the catalogue's order.

    Raises:
        RecipeError: the recipe sets a value that this model does not support.
    """
    wanted = _wanted(recipe)
    problems = [
        Problem(where, "this model has no such hyperparameter by this method", "leave it out")
        for name, (where, _) in wanted.items()
        if name not in facts.hyperparameters
    ]
    advised: dict[str, Advised] = {}
    for name, parameter in facts.hyperparameters.items():
        if name not in wanted:
            advised[name] = _advise(name, parameter, facts, rows)
            continue
        where, value = wanted[name]
        try:
            advised[name] = Advised(parameter.check(name, value), "set in the recipe")
        except TailorError as error:
            problems.append(Problem(where, error.message, "choose a value in that range, or leave it out"))
    if problems:
        raise RecipeError(problems)
    return advised


def _wanted(recipe: Recipe) -> dict[str, tuple[str, Any]]:
    """Return the recipe's hyperparameters: name, place of the setting, value."""
    found = {name: (f"hyperparameters.{name}", value) for name, value in recipe.hyperparameters if value is not None}
    if recipe.method == "reinforcement":
        own = dict(recipe.reinforcement)
        own.pop("rewards")
        found |= {name: (f"reinforcement.{name}", value) for name, value in own.items() if value is not None}
    return found


def _advise(name: str, parameter: Hyperparameter, facts: MethodFacts, rows: int) -> Advised:
    default = parameter.default if parameter.default is not None else parameter.minimum
    if default is None:  # the catalogue's test keeps this from happening
        raise RecipeError([Problem(f"hyperparameters.{name}", "the catalogue has no default", "set it in the recipe")])
    if name == "epochs" and facts.rows_for_one_warmup_step:
        return _epochs(parameter, default, rows)
    if name == "warmup_steps" and facts.rows_for_one_warmup_step:
        steps = round(rows / facts.rows_for_one_warmup_step)
        taken = _clamped(parameter, steps)
        bound = "" if taken == steps else f", at {'least' if taken > steps else 'most'} {taken:g}"
        why = f"{rows} rows: one step for every {facts.rows_for_one_warmup_step}{bound}"
        return Advised(parameter.check(name, taken), why)
    return Advised(parameter.check(name, default), "the model's default")


def _epochs(parameter: Hyperparameter, default: float | str, rows: int) -> Advised:
    if rows > MANY_ROWS:
        return Advised(parameter.check("epochs", 1), f"{rows} rows: above {MANY_ROWS}, one epoch is enough")
    if rows >= FEW_ROWS:
        return Advised(parameter.check("epochs", default), f"{rows} rows: up to {MANY_ROWS}, the default")
    wanted = ceil(2 * FEW_ROWS / max(rows, 1))
    value = parameter.check("epochs", _clamped(parameter, wanted))
    return Advised(value, f"{rows} rows: below {FEW_ROWS} data should be repeated; more epochs do the same")


def _clamped(parameter: Hyperparameter, value: float) -> float:
    low = parameter.minimum if parameter.minimum is not None else value
    high = parameter.maximum if parameter.maximum is not None else value
    return min(max(value, low), high)


def too_long(where: str, tokens: int, model: Model) -> list[Problem]:
    """Return a problem if the answers that the recipe requests are too long for the model.

    Each call would be refused, after training.
    """
    if model.answers is None or tokens <= model.answers.tokens:
        return []
    message = f"{tokens:,} tokens; {model.title} answers with {model.answers.tokens:,} at most"
    return [Problem(where, message, f"choose 1 to {model.answers.tokens:,}")]


def about_data(manifest: Mapping[str, Any], recipe: Recipe, model: Model) -> list[Advice]:
    """Return advice that follows from a prepared dataset's counts."""
    facts = model.method(recipe.method)
    rows, held_out = int(manifest["rows"]["train"]), _questions(manifest, recipe)
    images = int(manifest.get("media", {}).get("images", 0))
    found = []
    logged = recipe.method == "distillation" and recipe.distillation.logs is not None
    if rows < facts.limits.recommended_rows and not logged:
        message = f"{rows} training rows are few: {facts.limits.recommended_rows} are advised for {model.title}"
        found.append(Advice("few-rows", message, "add examples, or expect little; the verdict will tell"))
    sealed = recipe.evaluation.sealed
    smaller = round(held_out * min(sealed, 1 - sealed)) if sealed else held_out
    if smaller < recipe.evaluation.minimum_rows:
        part = f" (about {smaller} in the smaller part, as evaluation.sealed parts them)" if sealed else ""
        message = (
            f"{held_out} held-out rows{part} can't carry a verdict: {recipe.evaluation.minimum_rows} are asked for"
        )
        fix = "add examples, or raise split.test in the recipe; as it is, no model goes live by itself"
        found.append(Advice("few-held-out-rows", message, fix))
    if images and images * 20 < rows:
        message = f"{rows} questions are about {images} images only: the model may learn the images, not the task"
        found.append(Advice("few-images", message, "add images rather than questions about the same ones"))
    tested = manifest.get("metric") or {}
    for doubt in tested.get("doubts", ())[:_DOUBTS]:
        fix = "name another evaluation.metric in the recipe (docs/evaluation.md), or mend the references"
        found.append(Advice("metric-fooled", doubt, fix))
    return found


def _questions(manifest: Mapping[str, Any], recipe: Recipe) -> int:
    """Return the maximum questions of an evaluation: a document makes several, unless a team brings its own."""
    rows = int(manifest["rows"].get("test", 0))
    if recipe.method == "continued-pre-training":
        own = int(manifest.get("questions", {}).get("rows", 0))
        rows = own or rows * sizes.CLOZE_A_DOCUMENT
    return min(rows, recipe.evaluation.max_rows)


def about_headroom(score: float, rows: int, metric: str, recipe: Recipe) -> list[Advice]:
    """Return advice that follows from the base model's score (0 to 1) on ``rows`` rows: is there room to improve?"""
    if score >= HEADROOM_LIMIT:
        message = f"the base model already scores {score:.0%} ({metric}, {rows} rows): tuning is not worth its price"
        return [Advice("no-headroom", message, "use the base model, or test it on harder questions")]
    if recipe.method == "reinforcement" and score <= RARE_REWARD:
        message = f"the base model earns a reward in {score:.0%} of {rows} rows: there is nothing to reinforce"
        return [Advice("no-reward", message, "fine-tune on worked examples first, then reinforce that model")]
    return []
