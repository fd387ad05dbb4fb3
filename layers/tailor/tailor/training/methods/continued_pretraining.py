"""Continued pre-training: plain documents, without questions or answers.

No base model on Bedrock offers it today; preflight asks the Region and says so before anything is written.
"""

from typing import Any

from tailor.catalog import Model
from tailor.evaluation import sizes
from tailor.recipe import Recipe
from tailor.training import advice
from tailor.training.calls import answer_tokens, arms_of, judge_lines, line_of
from tailor.training.quote import Basis, Line, Quote, Range, by_epochs
from tailor.training.request import Job, as_texts

# Tokens of a word and of the instruction before the words: figures of our own, generous for names and long words.
WORD_EXPECTED, WORD_MOST, INSTRUCTION = 2, 6, 30


def check(recipe: Recipe, model: Model) -> None:
    facts = model.method("continued-pre-training")
    advice.hyperparameters(recipe, facts, facts.limits.min_rows)


def build_job(job: Job) -> dict[str, Any]:
    return job.request("CONTINUED_PRE_TRAINING", hyperParameters=as_texts(job.hyperparameters))


def quote(basis: Basis) -> Quote:
    return by_epochs(basis, _evaluation(basis), "the training file is the documents, cut where they are too long")


def _evaluation(basis: Basis) -> list[Line]:
    """All arms on questions for the next word, made of the held-out documents; base and candidate on beginnings of
    training documents too, and on the general questions."""
    documents, evaluation = basis.held_out, basis.recipe.evaluation
    most = min(documents * sizes.CLOZE_A_DOCUMENT, evaluation.max_rows)
    asked, recited = Range.of(0, most, most), Range.of(0, sizes.PROBES, sizes.PROBES)
    question = _part(sizes.CONTEXT_WORDS)
    answers = answer_tokens(evaluation.max_tokens).times(asked)
    probes = (_part(sizes.PREFIX_WORDS).times(recited), answer_tokens(sizes.RECITED_TOKENS).times(recited))
    arms = arms_of(basis, question.times(asked), answers, more=probes)
    title = f"Evaluation on up to {most} questions from {documents} held-out documents"
    return [line_of("evaluation", title, basis.model, arms), *judge_lines(basis, question, most)]


def _part(words: int) -> Range:
    """Tokens of the beginning of a document with its instruction."""
    return Range.of(1, words * WORD_EXPECTED + INSTRUCTION, words * WORD_MOST + INSTRUCTION)
