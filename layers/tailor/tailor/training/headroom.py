"""Check for headroom: a bounded sample of the held-out rows goes to the base model, before the quote."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from statistics import fmean

from tailor.catalog import Model
from tailor.costs import Advice
from tailor.errors import EvaluationError
from tailor.evaluation.questions import Row, build_request, sample_rows
from tailor.language import dominant
from tailor.llm import Asker, Pace, Reply, ask
from tailor.metrics import check_name, exact_match, json_fields, numeric, token_f1, yes_no
from tailor.metrics.base import Case, Rules
from tailor.metrics.choose import choose_metric
from tailor.normalisers import for_language
from tailor.reasoning import answer_of
from tailor.recipe import Recipe
from tailor.training.advice import about_headroom

WORKERS = 4
SECONDS = 240.0  # for all calls together, also where the model's quota is used up: a quote must not wait for ever
# Those that need no heavy library, because the step that prepares data has none; others are measured by token F1.
METRICS = {metric.name: metric for metric in (each.METRIC for each in (exact_match, json_fields, numeric, yes_no))}
ANSWERED = 0.5


@dataclass(frozen=True, slots=True)
class Headroom:
    """The base model's mean ``score``, 0 to 1, over the ``rows`` that it answered; ``failed`` calls are left out."""

    score: float
    rows: int
    failed: int
    metric: str
    advice: tuple[Advice, ...]


def measure(
    rows: Sequence[Row],
    recipe: Recipe,
    model: Model,
    asker: Asker,
    sleep: Callable[[float], None] = time.sleep,
    region: str = "",
) -> Headroom | None:
    """Ask the base model ``recipe.headroom_rows`` rows; None if the recipe wants no check or there are no rows.

    Args:
        region: where the model is called.
    """
    asked = [row for row in rows if row.messages]
    sample = sample_rows(asked, recipe.headroom_rows, recipe.split.seed) if recipe.headroom_rows else []
    if not sample:
        return None
    references = [reference for row in sample for reference in row.references]
    language = recipe.evaluation.language
    if language == "auto":
        language = dominant(references)
    rules = Rules(for_language(language), language)
    name = recipe.evaluation.metric
    metric = METRICS.get(choose_metric(references, rules)[0] if name == "auto" else check_name(name), token_f1.METRIC)
    named = model.invoked_in(region)
    pace, until = Pace(WORKERS), time.monotonic() + SECONDS

    def asked_about(row: Row) -> object:
        request = build_request(row, recipe.evaluation.max_tokens)
        return ask(asker, named, request, pace=pace, is_over=lambda: time.monotonic() > until, sleep=sleep)

    with ThreadPoolExecutor(WORKERS) as pool:
        outcomes = list(pool.map(asked_about, sample))
    answered = [
        (row, answer_of(found.text)) for row, found in zip(sample, outcomes, strict=True) if isinstance(found, Reply)
    ]
    if len(answered) < ANSWERED * len(sample):
        raise EvaluationError(
            f"{model.title} answered only {len(answered)} of {len(sample)} rows of the headroom check",
            hint="tailor doctor says whether this account has access to the model",
        )
    score = fmean(metric.score(Case(answer, tuple(row.references)), rules) for row, answer in answered)
    advice = about_headroom(score, len(answered), metric.title, recipe)
    return Headroom(score, len(answered), len(sample) - len(answered), metric.name, tuple(advice))
