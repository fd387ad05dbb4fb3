"""Plan an evaluation: which rows go to which arms, derived from the run's files alone."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from tailor import language
from tailor.errors import EvaluationError, NotFoundError
from tailor.evaluation import sizes
from tailor.evaluation.questions import general
from tailor.evaluation.questions.arms import (
    BASE,
    CANDIDATE,
    FEW_SHOT,
    Arm,
    Shot,
    build_request,
    pick_shots,
    sample_rows,
)
from tailor.evaluation.questions.cloze import cloze_rows, probe_rows
from tailor.evaluation.questions.held_out import Row, read_rows
from tailor.evaluation.questions.sealing import part_of
from tailor.evaluation.questions.section import QuestionSet
from tailor.evaluation.sizes import SEED
from tailor.recipe import Recipe
from tailor.runs import Run
from tailor.storage import Storage


@dataclass(frozen=True, slots=True)
class Questions:
    """``spoken``: the language of the answers. ``probes`` and ``cloze`` (questions for the next word, where the team's
    own decide): continued pre-training only."""

    rows: Sequence[Row]
    arms: Sequence[Arm]
    shots: Sequence[Shot]
    spoken: str
    held_out: QuestionSet
    regression: QuestionSet | None = None
    probes: QuestionSet | None = None
    cloze: QuestionSet | None = None
    manifest: Mapping[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def sections(self) -> list[QuestionSet]:
        found = (self.held_out, self.regression, self.probes, self.cloze)
        return [section for section in found if section is not None]


def questions_of(files: Storage, run: Run, recipe: Recipe, arms: Sequence[Arm]) -> Questions:
    """Return the questions. Raises EvaluationError if nothing was held out, InvalidInputError for a broken file."""
    wanted = recipe.evaluation
    rows, notes, cloze = _held_out(files, run, recipe)
    train = _train_lines(files, run)
    shots = pick_shots(train, wanted.few_shot, SEED)
    arms = _with_few_shot(arms, shots)
    spoken = wanted.language
    if spoken == "auto":
        spoken = language.dominant(text for row in rows for text in (*row.references, row.question))
    pair = [arm for arm in arms if arm.name in (CANDIDATE, BASE)]
    asked = general.questions(spoken) if wanted.regression and len(pair) == 2 else []
    recited = probe_rows(train, SEED) if recipe.method == "continued-pre-training" else []
    return Questions(
        rows=rows,
        arms=arms,
        shots=shots,
        spoken=spoken,
        held_out=QuestionSet(
            "sealed" if run.evaluation.opened_by else "test", rows, arms, _builder(wanted.max_tokens, shots)
        ),
        regression=QuestionSet("regression", asked, pair, _builder(sizes.GENERAL_ANSWER)) if asked else None,
        probes=QuestionSet("memorisation", recited, pair, _builder(sizes.RECITED_TOKENS))
        if recited and len(pair) == 2
        else None,
        cloze=QuestionSet("cloze", cloze, pair, _builder(wanted.max_tokens)) if cloze and len(pair) == 2 else None,
        manifest=_manifest(files, run),
        notes=notes,
    )


def _manifest(files: Storage, run: Run) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = orjson.loads(files.read(f"{run.files}prepared/manifest.json"))
    except NotFoundError:
        return {}
    return manifest


def _held_out(files: Storage, run: Run, recipe: Recipe) -> tuple[list[Row], list[str], list[Row]]:
    """Return the rows that decide, notes on them, and additional questions for the next word."""
    most = recipe.evaluation.max_rows
    if recipe.method == "continued-pre-training":
        return _from_documents(files, run, recipe)
    sampled, notes = _sample(_test_rows(files, run, recipe), most, "held-out rows")
    return sampled, notes, []


def _from_documents(files: Storage, run: Run, recipe: Recipe) -> tuple[list[Row], list[str], list[Row]]:
    most = recipe.evaluation.max_rows
    try:
        own = read_rows(files.read(f"{run.files}prepared/questions.jsonl"), "questions.jsonl")
    except NotFoundError:
        documents = _test_rows(files, run, recipe)
        cloze = cloze_rows(sample_rows(documents, most, SEED), most, SEED)
        if not cloze:
            raise EvaluationError("the held-out documents are too short to ask questions about") from None
        return cloze, [f"{len(documents)} held-out documents were turned into questions for the next word"], []
    try:
        documents = _test_rows(files, run, recipe)
    except EvaluationError:
        documents = []
    sampled, notes = _sample(own, most, "questions of the team's own")
    notes = [f"the team's own questions ({own[0].source.get('file', 'data.questions')}) decide", *notes]
    return sampled, notes, cloze_rows(sample_rows(documents, most, SEED), most, SEED)


def _sample(rows: list[Row], most: int, what: str) -> tuple[list[Row], list[str]]:
    sampled = sample_rows(rows, most, SEED)
    note = f"{len(sampled):,} of {len(rows):,} {what} were asked, whole groups together (evaluation.max_rows)"
    return sampled, [note] if len(sampled) < len(rows) else []


def _test_rows(files: Storage, run: Run, recipe: Recipe) -> list[Row]:
    try:
        rows = read_rows(files.read(f"{run.files}prepared/test.jsonl"), "test.jsonl")
    except NotFoundError as error:
        hint = "give the split a test share, or upload a test set"
        raise EvaluationError("there are no held-out rows to evaluate with", hint=hint) from error
    share, opened = recipe.evaluation.sealed, run.evaluation.opened_by is not None
    part = part_of(rows, share, opened=opened)
    if not part:
        message = (
            f"of {len(rows)} held-out rows, evaluation.sealed: {share:g} leaves none {'sealed' if opened else 'open'}"
        )
        raise EvaluationError(message, hint="hold out more groups, or choose another share")
    return part


def _train_lines(files: Storage, run: Run) -> list[bytes]:
    """Return the training lines; empty if the run's training data is elsewhere (invocation logs)."""
    try:
        return files.read(f"{run.files}prepared/train.jsonl").split(b"\n")
    except NotFoundError:
        return []


def _with_few_shot(arms: Sequence[Arm], shots: Sequence[Shot]) -> list[Arm]:
    """Return the arms with the base with worked examples beside the base, if there are examples to show."""
    others = [arm for arm in arms if arm.name != FEW_SHOT]
    base = next((arm for arm in others if arm.name == BASE), None)
    if base is not None and shots:
        others.insert(others.index(base) + 1, replace(base, name=FEW_SHOT))
    return others


def _builder(max_tokens: int, shots: Sequence[Shot] = ()) -> Callable[[Row, Arm], dict[str, Any]]:
    def build(row: Row, arm: Arm) -> dict[str, Any]:
        return build_request(row, max_tokens, shots if arm.name == FEW_SHOT else ())

    return build
