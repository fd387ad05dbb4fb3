"""Cost of a run's model calls besides training: headroom check, evaluation, judge and teacher."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

import orjson

from tailor import catalog
from tailor.catalog import Model, PriceItem, Tokens
from tailor.costs import NOTHING, CostLine, Range
from tailor.evaluation import sizes
from tailor.evaluation.questions import pick_shots
from tailor.recipe import Recipe
from tailor.tokens import Estimator
from tailor.training.prices import how_to_set
from tailor.training.quote import PER_THOUSAND, Basis


@dataclass(frozen=True, slots=True)
class ModelCalls:
    """All calls of one model: ``prompts`` and ``answers`` are the tokens of all of them."""

    who: str
    prompts: Range
    answers: Range
    custom: bool = False

    @property
    def prices(self) -> tuple[PriceItem, PriceItem]:
        return ("custom-input", "custom-output") if self.custom else ("input", "output")


def line_of(item: str, title: str, model: Model, asked: Sequence[ModelCalls]) -> CostLine:
    """Return the quote's line for calls of a model and of custom models of it."""
    total = NOTHING
    prices = []
    for calls in asked:
        for tokens, what in zip((calls.prompts, calls.answers), calls.prices, strict=True):
            price = model.price(what)
            if price is None or price.amount is None:
                whose = f"a custom {model.title}" if calls.custom else model.title
                missing = f"unknown: no trustworthy price for calls of {whose}; {how_to_set(model, what)}"
                return CostLine(item=item, title=title, every="once", how=missing)
            total = total.plus(tokens.times(price.amount).times(PER_THOUSAND))
            prices.append(price)
    said = (f"{each.who}: {each.prompts} tokens asked, {each.answers} answered" for each in asked)
    return CostLine(
        item=item,
        title=title,
        every="once",
        low=total.low,
        expected=total.expected,
        high=total.high,
        how="; ".join(said),
        price_as_of=min(price.as_of for price in prices),
        price_source=prices[0].source.url,
        price_from="; ".join(dict.fromkeys(price.origin for price in prices)),
    )


def headroom_lines(basis: Basis) -> list[CostLine]:
    """Return lines for the base model on a sample of the held-out rows, if the recipe requests it."""
    rows = basis.recipe.headroom_rows
    if not rows:
        return []
    answers = answer_tokens(basis.recipe.evaluation.max_tokens).times(rows)
    asked = [ModelCalls("base", basis.prompt.times(rows), answers)]
    return [line_of("headroom", f"Headroom: {rows} rows through the base model", basis.model, asked)]


def evaluation_lines(basis: Basis) -> list[CostLine]:
    """Return lines for an evaluation.

    All arms answer the held-out rows, base and candidate the general questions; the judge sees pairs of answers.
    """
    rows, evaluation = basis.asked, basis.recipe.evaluation
    prompts = basis.prompt.times(rows)
    answers = answer_tokens(evaluation.max_tokens).times(rows)
    asked = arms_of(basis, prompts, answers)
    if evaluation.few_shot:
        shown = basis.examples
        if shown is None:
            shown = basis.row.times(evaluation.few_shot).perhaps(likely=True)  # none where rows are too long to show
        asked.append(ModelCalls("base with worked examples", prompts.plus(shown.times(rows)), answers))
    title = f"Evaluation on {basis.held_out} held-out rows"
    if evaluation.sealed:
        title += f", {100 * evaluation.sealed:g} % of them only if it passes on the others"
    return [line_of("evaluation", title, basis.model, asked), *judge_lines(basis, basis.prompt, basis.held_out)]


def examples_in(train: bytes, recipe: Recipe, model: Model) -> Range:
    """Return the tokens of the few-shot examples that each question of that arm carries, from the training file."""
    estimator, total = Estimator(model.tokens, None), NOTHING
    for shot in pick_shots(train.split(b"\n"), recipe.evaluation.few_shot, sizes.SEED):
        for block in (*shot.content, {"text": shot.answer}):
            if "text" in block:
                text = str(block["text"])
                found = estimator.text(len(text), text.encode(errors="replace"))
            else:
                found = estimator.image(0, 0) if "image" in block else estimator.video(None)
            total = total.plus(Range.of(found.low, found.expected, found.high))
    return total


def arms_of(
    basis: Basis, prompts: Range, answers: Range, *, more: tuple[Range, Range] = (NOTHING, NOTHING)
) -> list[ModelCalls]:
    """Return the calls of each arm of an evaluation.

    Base and candidate, with the general questions if the recipe requests them, and ``more`` prompts and answers; the
    live version, and those that go live during the evaluation.
    """
    asked, answered = prompts.plus(more[0]), answers.plus(more[1])
    if basis.recipe.evaluation.regression:
        count, general = general_questions(basis.recipe, basis.model)
        asked, answered = asked.plus(general), answered.plus(answer_tokens(sizes.GENERAL_ANSWER).times(count))
    arms = [ModelCalls("base", asked, answered), ModelCalls("candidate", asked, answered, custom=True)]
    rounds = sizes.ROUNDS
    if basis.live:
        arms, rounds = [*arms, ModelCalls("live version", prompts, answers, custom=True)], rounds - 1
    asked, answered = prompts.times(rounds).perhaps(), answers.times(rounds).perhaps()
    return [*arms, ModelCalls("versions that go live meanwhile", asked, answered, custom=True)]


def general_questions(recipe: Recipe, model: Model) -> tuple[Range, Range]:
    """Return the number of general questions and their tokens, which depend on the language of the answers."""
    spoken = recipe.evaluation.language
    vietnamese, others = (_asked_in(language, model.tokens) for language in ("vi", "en"))
    if spoken != "auto":
        return vietnamese if spoken == "vi" else others
    (some, tokens), (more, longer) = sorted((vietnamese, others), key=lambda found: found[1].high)
    counts = sorted((some.low, more.low))
    return Range(counts[0], vietnamese[0].expected, counts[1]), Range(
        min(tokens.low, longer.low), vietnamese[1].expected, longer.high
    )


@cache
def _asked_in(spoken: str, tokens: Tokens) -> tuple[Range, Range]:
    estimator, total, count = Estimator(tokens, None), NOTHING, 0
    for name in sizes.suites(spoken):
        for line in sizes.suite(name).splitlines():
            prompt = orjson.loads(line)["prompt"]
            found = estimator.text(len(prompt), prompt.encode())
            total, count = total.plus(Range.of(found.low, found.expected, found.high)), count + 1
    return Range.exactly(count), total


def judge_lines(basis: Basis, prompt: Range, rows: int) -> list[CostLine]:
    """Return lines for pairs of answers, shown in both orders, if the recipe names a judge.

    Equal answers are not shown.

    Args:
        prompt: tokens of a question.
    Raises:
        NotFoundError: the judge is not in the catalogue.
    """
    evaluation = basis.recipe.evaluation
    if evaluation.judge is None:
        return []
    judge = basis.priced(catalog.model(evaluation.judge))
    pairs = min(evaluation.judge_rows * (2 if evaluation.sealed else 1), rows)
    said = answer_tokens(evaluation.max_tokens).times(2).plus(basis.row.perhaps(likely=True))  # and a right answer
    shown = Range(prompt.low, prompt.expected, prompt.high * _enlargement(basis, judge))
    instruction = Range.of(0, sizes.JUDGE_INSTRUCTION, 2 * sizes.JUDGE_INSTRUCTION)
    times = Range.of(0, 2 * pairs, 2 * pairs)
    prompts = shown.plus(said).plus(instruction).times(times)
    asked = ModelCalls("judge", prompts, answer_tokens(sizes.JUDGE_ANSWER).times(times))
    return [line_of("judge", f"{judge.title} compares up to {pairs} pairs of answers, twice", judge, [asked])]


def _enlargement(basis: Basis, judge: Model) -> Decimal:
    """Return the largest ratio of an image's tokens with the judge to those with the base model."""
    if not int(basis.manifest.get("media", {}).get("images", 0)) or judge.tokens == basis.model.tokens:
        return Decimal(1)
    least = Estimator(basis.model.tokens, None).image(0, 0).low
    return max(Decimal(1), Decimal(Estimator(judge.tokens, None).image(0, 0).high) / max(least, 1))


def answer_tokens(most: int) -> Range:
    """Estimate the tokens of an answer: few reach the maximum."""
    return Range.of(1, max(most / 4, 1), most)
