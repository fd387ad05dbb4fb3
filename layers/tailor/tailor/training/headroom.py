"""Is there room to improve? A bounded sample of the held-out rows goes to the base model, before the quote."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from statistics import fmean

from tailor.catalog import Model
from tailor.errors import EvaluationError, TailorError
from tailor.evaluation import metrics
from tailor.evaluation.arms import build_request, sample_rows
from tailor.evaluation.ask import Asker
from tailor.evaluation.choose import choose_metric
from tailor.evaluation.language import dominant
from tailor.evaluation.metrics.base import Case, Rules
from tailor.evaluation.normalise import for_language
from tailor.evaluation.rows import Row
from tailor.recipe import Recipe
from tailor.training.advice import Advice, about_headroom

WORKERS = 4
ANSWERED = 0.5


@dataclass(frozen=True, slots=True)
class Headroom:
    """``score``: the base model's mean, 0 to 1, over ``rows`` that it answered; ``failed`` calls are left out."""

    score: float
    rows: int
    failed: int
    metric: str
    advice: tuple[Advice, ...]


def measure(rows: Sequence[Row], recipe: Recipe, model: Model, asker: Asker) -> Headroom | None:
    """Asks ``recipe.headroom_rows`` rows; None where the recipe asks for no check or there are no rows.

    Raises EvaluationError where the base model fails on more than half of them.
    """
    sample = sample_rows(rows, recipe.headroom_rows, recipe.split.seed) if recipe.headroom_rows else []
    if not sample:
        return None
    language = recipe.evaluation.language
    if language == "auto":
        language = dominant(reference for row in sample for reference in row.references)
    rules = Rules(for_language(language), language)
    name = recipe.evaluation.metric
    metric = metrics.get(choose_metric(sample, rules)[0] if name == "auto" else name)
    with ThreadPoolExecutor(WORKERS) as pool:
        answers = list(pool.map(lambda row: _answer(row, recipe, model, asker), sample))
    answered = [(row, answer) for row, answer in zip(sample, answers, strict=True) if answer is not None]
    if len(answered) < ANSWERED * len(sample):
        raise EvaluationError(
            f"{model.title} answered only {len(answered)} of {len(sample)} rows of the headroom check",
            hint="tailor doctor says whether this account has access to the model",
        )
    score = fmean(metric.score(Case(answer, tuple(row.references)), rules) for row, answer in answered)
    advice = about_headroom(score, len(answered), metric.title, recipe)
    return Headroom(score, len(answered), len(sample) - len(answered), metric.name, tuple(advice))


def _answer(row: Row, recipe: Recipe, model: Model, asker: Asker) -> str | None:
    try:
        return asker.converse(model.invoke_id, build_request(row, recipe.evaluation.max_tokens)).text
    except TailorError:
        return None
