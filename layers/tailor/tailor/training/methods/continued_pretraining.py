"""Continued pre-training: plain documents, without questions or answers.

No base model on Bedrock offers the customization type of this name today. Nova learns documents by fine-tuning: each is
the answer to one request that is always the same, so that the model is trained on the documents' words alone.
"""

from decimal import Decimal
from typing import Any

from tailor.catalog import Model
from tailor.costs import CostLine, Quote, Range
from tailor.evaluation import sizes
from tailor.recipe import Recipe
from tailor.training import advice
from tailor.training.calls import answer_tokens, arms_of, judge_lines, line_of
from tailor.training.quote import Basis, by_epochs
from tailor.training.request import Job, as_texts

# Tokens of a word and of the instruction before the words: figures of our own, generous for names and long words.
WORD_EXPECTED, WORD_MOST, INSTRUCTION = 2, 6, 30


def check(recipe: Recipe, model: Model) -> None:
    facts = model.method("continued-pre-training")
    advice.hyperparameters(recipe, facts, facts.limits.min_rows)


def build_job(job: Job) -> dict[str, Any]:
    kind = "FINE_TUNING" if job.facts.record == "document" else "CONTINUED_PRE_TRAINING"
    return job.request(kind, hyperParameters=as_texts(job.hyperparameters))


def quote(basis: Basis) -> Quote:
    assumption = "the training file is the documents, cut where they are too long"
    if basis.model.method("continued-pre-training").record == "document":
        assumption += "; each is learnt as the answer to one request, by fine-tuning with adapters"
    return by_epochs(basis, _evaluation(basis), assumption)


def _evaluation(basis: Basis) -> list[CostLine]:
    """Return the calls of an evaluation.

    All arms answer the deciding questions: the team's own, or next-word questions made of held-out documents. Base and
    candidate also answer the next-word questions if they do not decide, beginnings of training documents, and the
    general questions.
    """
    documents, evaluation = basis.held_out, basis.recipe.evaluation
    cloze = min(documents * sizes.CLOZE_A_DOCUMENT, evaluation.max_rows)
    asked, recited = Range.of(0, cloze, cloze), Range.of(0, sizes.PROBES, sizes.PROBES)
    answer, question = answer_tokens(evaluation.max_tokens), _part(sizes.CONTEXT_WORDS)
    more = _part(sizes.PREFIX_WORDS).times(recited), answer_tokens(sizes.RECITED_TOKENS).times(recited)
    title = f"Evaluation on up to {cloze} questions from {documents} held-out documents"
    prompts, answers, most = question.times(asked), answer.times(asked), cloze
    if own := basis.manifest.get("questions"):
        more = more[0].plus(prompts), more[1].plus(answers)
        most = min(int(own["rows"]), evaluation.max_rows)
        tokens = Range.of(own["asked"]["low"], own["asked"]["expected"], own["asked"]["high"])
        question = tokens.times(Decimal(1) / int(own["rows"]))
        prompts, answers = question.times(most), answer.times(most)
        title = f"Evaluation on {most} questions of your own, and {cloze} from {documents} held-out documents"
    arms = arms_of(basis, prompts, answers, more=more)
    return [line_of("evaluation", title, basis.model, arms), *judge_lines(basis, question, most)]


def _part(words: int) -> Range:
    """Return the tokens of a document's beginning with its instruction."""
    return Range.of(1, words * WORD_EXPECTED + INSTRUCTION, words * WORD_MOST + INSTRUCTION)
