"""Continued pre-training: plain documents, without questions or answers.

No base model on Bedrock offers it today; preflight asks the Region and says so before anything is written.
"""

from collections.abc import Mapping
from typing import Any

from tailor.catalog import Model
from tailor.evaluation import sizes
from tailor.recipe import Recipe
from tailor.runs import Run
from tailor.training import advice
from tailor.training import quote as quotes
from tailor.training.request import as_text, base_request

# Tokens of a word and of the instruction before the words: figures of our own, generous for names and long words.
WORD_EXPECTED, WORD_MOST, INSTRUCTION = 2, 6, 30


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
            _evaluation(manifest, recipe, model),
            *quotes.kept_and_hosted(recipe, model),
        ),
        assumptions=(
            f"{advised['epochs'].value} epochs: {advised['epochs'].reason}",
            "training is billed by the tokens of the documents, once for each epoch",
        ),
        training_tokens=quotes.billed(tokens, epochs),
    )


def _evaluation(manifest: Mapping[str, Any], recipe: Recipe, model: Model) -> quotes.Line:
    """Base and candidate on questions for the next word, made of the held-out documents, on beginnings of training
    documents, and on the general questions."""
    documents, evaluation = quotes.held_out_rows(manifest, recipe), recipe.evaluation
    most = min(documents * sizes.CLOZE_A_DOCUMENT, evaluation.max_rows)
    asked, recited = quotes.Range.of(0, most, most), quotes.Range.of(0, sizes.PROBES, sizes.PROBES)
    prompts = _part(sizes.CONTEXT_WORDS).times(asked).plus(_part(sizes.PREFIX_WORDS).times(recited))
    answers = quotes.answer_tokens(evaluation.max_tokens).times(asked)
    answers = answers.plus(quotes.answer_tokens(sizes.RECITED_TOKENS).times(recited))
    pair = quotes.pair_of(prompts, answers, recipe, model)
    title = f"Evaluation: {len(pair)} times up to {most} questions from {documents} held-out documents"
    return quotes.calls_line("evaluation", title, model, pair)


def _part(words: int) -> quotes.Range:
    """Tokens of the beginning of a document with its instruction."""
    return quotes.Range.of(1, words * WORD_EXPECTED + INSTRUCTION, words * WORD_MOST + INSTRUCTION)
