"""Evaluate a run from the bucket to the bucket: ask what is missing, score, decide, report."""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from tailor import catalog
from tailor.catalog import teacher_of
from tailor.errors import EvaluationError, InvalidInputError, NotFoundError
from tailor.evaluation.asking.runner import WORKERS, AnswerStore, CallProgress, Interview
from tailor.evaluation.curves import Curve, find_curves
from tailor.evaluation.gate import judge as judges
from tailor.evaluation.gate import regression
from tailor.evaluation.gate.looks import look, tightened
from tailor.evaluation.gate.verdict import Outcome, judge
from tailor.evaluation.methods.task import task_of
from tailor.evaluation.questions.arms import CANDIDATE, LIVE, Arm
from tailor.evaluation.questions.held_out import Answer, write_answers
from tailor.evaluation.questions.plan import Questions, questions_of
from tailor.evaluation.questions.section import QuestionSet
from tailor.evaluation.report import label_page
from tailor.evaluation.report.document import Findings, document
from tailor.evaluation.report.html import pages
from tailor.evaluation.report.thumbnails import thumbnails
from tailor.evaluation.row_scores import ROW_SCORES_FILE, RowScore, row_scores, write_scores
from tailor.evaluation.scoring.behaviour import Prices, conduct
from tailor.evaluation.scoring.slices import image_sizes
from tailor.evaluation.settings import check_settings
from tailor.llm import Asker
from tailor.recipe import Recipe
from tailor.runs import Run, State
from tailor.storage import Storage
from tailor.token_prices import TokenPrices

RESERVE_SECONDS = 75.0
_CALL_NO_TOOL = frozenset({"llama", "titan"})  # Converse refuses a forced tool for them
_RESERVE_SHARE = 0.25
_SUMMARY = (
    *("verdict", "headline", "reasons", "metric", "candidate", "baseline", "baseline_arm", "difference", "interval"),
    *("confidence", "p_value", "rows", "groups", "minimum_detectable_effect", "decisive_rows", "margin"),
    *("normaliser", "samples", "failed_calls", "paths"),
)


@dataclass(frozen=True, slots=True)
class PlanSummary:
    """Summary in ``plan.json``: ``calls`` over all arms, ``chunks`` of the longest section."""

    started_at: datetime
    calls: int
    chunks: int


@dataclass(frozen=True, slots=True)
class Unfinished:
    """Time ran out first. The answers so far are stored; the next call continues from there."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class EvaluationResult:
    """``report`` is report.json; see docs/evaluation-report.schema.json."""

    report: dict[str, Any]

    def summary(self) -> dict[str, Any]:
        """Return what the run records. ``live``: deployment of the live version that was also asked, or None."""
        return {name: self.report[name] for name in _SUMMARY} | {"live": self.report["reproduce"]["arms"].get(LIVE)}


def evaluate_run(
    run_files: Storage,
    run: Run,
    recipe: Recipe,
    arms: Sequence[Arm],
    asker: Asker,
    *,
    deadline: Callable[[], float],
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    sleep: Callable[[float], None] = time.sleep,
    workers: int = WORKERS,
    prices: Prices | None = None,
    remark: str = "",
    region: str = "",
) -> EvaluationResult | Unfinished:
    """Evaluate, resuming where an earlier call stopped. ``run_files`` is rooted at the bucket; ``deadline`` gives the
    seconds left.

    Raises EvaluationError where there can be no verdict; NotFoundError and InvalidInputError for files that are missing
    or broken. ``prices``: the catalogue's, where none are given; ``remark``: what the report says above its verdict.
    ``region``: where a judge is called.
    """
    check_settings(recipe.evaluation)
    folder, results = f"{run.files}evaluation/", run.results
    plan = _plan_file(run)
    questions = questions_of(run_files, run, recipe, _pinned(run_files, plan, arms))
    started = _planned(run_files, plan, recipe, questions, clock()).started_at
    interview = _interview(run_files, folder, asker, deadline, sleep, workers)
    progress = interview.ask(questions.sections)
    if not progress.complete:
        return Unfinished(progress.done, progress.total)
    answers = _publish(run_files, results, interview, questions.held_out)

    spoken = _regression_answers(interview, questions)
    task = task_of(recipe, questions, answers)
    guards = regression.guards_of(questions.regression, spoken, recipe.evaluation.regression_margin, task.plan)
    looks = look(run_files, run.project, run.id, questions.rows)
    tight = replace(task.plan, policy=tightened(task.plan.policy, looks))
    outcome = judge(task.rows, answers, tight, guards, task.doubts)
    opinion: dict[str, Any] | None = None
    preferred: dict[str, int] = {}
    doubts = _looked(looks, tight.policy.confidence)
    if recipe.evaluation.judge is not None:
        named = catalog.model(recipe.evaluation.judge)
        asked = judges.section(
            outcome.sheet,
            outcome.decision.primary.baseline_arm,
            named.invoked_in(region),
            recipe.evaluation.judge_rows,
            calls=named.family not in _CALL_NO_TOOL,
        )
        try:
            progress = interview.ask([asked])
        except EvaluationError as error:  # a judge never decides, so it does not keep a verdict either
            doubts.append(f"the judge could not be asked: {error.message}")
        else:
            if not progress.complete:
                return Unfinished(progress.done, progress.total)
            opinion, preferred = judges.opinion(asked, interview, outcome), judges.preferred(asked, interview)
        doubts += _kinship(recipe)

    behaviour = conduct(outcome.sheet, prices or prices_of(recipe))
    curves, notes = _curves(run_files, f"{run.files}job/")
    findings = Findings(
        conduct=behaviour,
        image_sizes=image_sizes(run_files, outcome.sheet.rows),
        curves=curves,
        method=task.measure(outcome, behaviour, curves, interview),
        judge=opinion,
        regression=regression.details(questions.regression, spoken),
        shots=questions.shots,
        looks=looks,
        notes=[*_why_again(run), *_of_sealed(run), *questions.notes, *task.notes, *notes, *doubts],
        remark=remark,
    )
    report = document(run, recipe, outcome, questions.arms, findings, started, clock(), results)
    _write(run_files, results, report, outcome, preferred, recipe)
    return EvaluationResult(report)


def _looked(looks: int, confidence: float) -> list[str]:
    """Return a note that these rows were used before, and what that costs."""
    if looks == 1:
        return []
    told = f"this is look {looks} of the project at these held-out rows, so it is decided with {100 * confidence:.4g} %"
    return [f"{told} confidence: many tries on the same rows find one that wins by chance; fresh rows start anew"]


def _kinship(recipe: Recipe) -> list[str]:
    """Return a note if the judge and a judged model are of one family: judges favour their own."""
    judge = catalog.model(recipe.evaluation.judge or recipe.model)
    kin = {"base": recipe.model, "teacher": _teacher(recipe)}
    return [
        f"the judge {judge.title} and the {role}, {catalog.model(name).title}, are kin: judges favour their kind"
        for role, name in kin.items()
        if name and catalog.model(name).family.partition("-")[0] == judge.family.partition("-")[0]
    ]


def plan_run(run_files: Storage, run: Run, recipe: Recipe, arms: Sequence[Arm], now: datetime) -> PlanSummary:
    """Write the plan if there is none yet, and ask nothing. Raises as :func:`evaluate_run` does."""
    check_settings(recipe.evaluation)
    plan = _plan_file(run)
    questions = questions_of(run_files, run, recipe, _pinned(run_files, plan, arms))
    return _planned(run_files, plan, recipe, questions, now)


def ask_part(
    run_files: Storage,
    run: Run,
    recipe: Recipe,
    arms: Sequence[Arm],
    asker: Asker,
    chunks: Collection[int],
    *,
    deadline: Callable[[], float],
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    sleep: Callable[[float], None] = time.sleep,
    workers: int = WORKERS,
) -> CallProgress:
    """Ask only the given chunks of every section; workers with different chunks never overlap.

    :func:`plan_run` says how many chunks there are. :func:`evaluate_run` then finds all answered and scores.
    Raises EvaluationError where an arm can't answer or time is over.
    """
    plan = _plan_file(run)
    questions = questions_of(run_files, run, recipe, _pinned(run_files, plan, arms))
    _planned(run_files, plan, recipe, questions, clock())
    interview = _interview(run_files, f"{run.files}evaluation/", asker, deadline, sleep, workers)
    return interview.ask(questions.sections, chunks)


def _interview(
    files: Storage,
    folder: str,
    asker: Asker,
    deadline: Callable[[], float],
    sleep: Callable[[float], None],
    workers: int,
) -> Interview:
    reserve = min(RESERVE_SECONDS, _RESERVE_SHARE * deadline())
    store = AnswerStore(files, f"{folder}chunks/")
    return Interview(store, asker, deadline=deadline, reserve=reserve, workers=workers, sleep=sleep)


def prices_of(recipe: Recipe) -> Prices:
    """Return prices from the catalogue; None where it has none."""

    def tokens(name: str | None, *items: catalog.PriceItem) -> TokenPrices | None:
        try:
            model = catalog.model(name) if name else None
        except (NotFoundError, InvalidInputError):
            model = None
        prices = [price for item in items if model and (price := model.price(item))]
        known = [price.amount for price in prices if price.amount is not None]
        return TokenPrices(*known) if len(known) == len(items) else None

    return Prices(
        base=tokens(recipe.model, "input", "output"),
        custom=tokens(recipe.model, "custom-input", "custom-output"),
        teacher=tokens(_teacher(recipe), "input", "output"),
    )


def _teacher(recipe: Recipe) -> str | None:
    """Return the teacher by its name in the catalogue; a recipe need not name it."""
    if recipe.method != "distillation" or recipe.teacher:
        return recipe.teacher
    return teacher_of(recipe, catalog.model(recipe.model)).name


def _plan_file(run: Run) -> str:
    """Return the plan's file: a run that is measured again, because another version went live, gets a new one."""
    measured = run.evaluation.round
    return f"{run.results}plan{'' if measured == 1 else f'-{measured}'}.json"


def _of_sealed(run: Run) -> list[str]:
    """Return a note on the part of the held-out rows, if some are sealed."""
    share = 100 * run.recipe.evaluation.sealed
    if not share:
        return []
    if opened_by := run.evaluation.opened_by:
        return [f"these are the sealed rows ({share:g} %), opened by {opened_by} to decide whether it goes live"]
    return [f"{share:g} % of the held-out rows are sealed: only a promotion opens them, and then they decide"]


def _why_again(run: Run) -> list[str]:
    if run.evaluation.round == 1:
        return []
    begun = next(change for change in reversed(run.history) if change.state == State.EVALUATING)
    return [begun.reason] if begun.reason else []


def _pinned(files: Storage, plan: str, arms: Sequence[Arm]) -> list[Arm]:
    """Return the live version from the start of the evaluation: answers of two versions must not be mixed."""
    try:
        planned: dict[str, str] = orjson.loads(files.read(plan))["arms"]
    except NotFoundError:
        return list(arms)
    others = [arm for arm in arms if arm.name != LIVE]
    return [*others, Arm(LIVE, planned[LIVE])] if LIVE in planned else others


def _planned(files: Storage, key: str, recipe: Recipe, questions: Questions, now: datetime) -> PlanSummary:
    """Return the plan written by the first call, so that the total time is bounded. Raises EvaluationError after
    that."""
    try:
        plan = orjson.loads(files.read(key))
    except NotFoundError:
        plan = {
            "started_at": now.isoformat(),
            "arms": {arm.name: arm.model_id for arm in questions.arms},
            "sections": {
                section.name: {
                    "rows": len(section.rows),
                    "chunks": section.chunks,
                    "arms": [arm.name for arm in section.arms],
                }
                for section in questions.sections
            },
            "calls": sum(len(section.rows) * len(section.arms) for section in questions.sections),
        }
        files.write(key, orjson.dumps(plan, option=orjson.OPT_INDENT_2), "application/json")
    started = datetime.fromisoformat(plan["started_at"])
    if now - started > timedelta(hours=recipe.evaluation.max_hours):
        raise EvaluationError(
            f"the models did not answer everything within {recipe.evaluation.max_hours:g} hours",
            hint="raise evaluation.max_hours, lower evaluation.max_rows, or look at the model's rate limits",
        )
    return PlanSummary(started, plan["calls"], max(section["chunks"] for section in plan["sections"].values()))


def _publish(files: Storage, folder: str, interview: Interview, held_out: QuestionSet) -> dict[str, dict[str, Answer]]:
    answers = {arm.name: interview.answers(held_out, arm.name) for arm in held_out.arms}
    for arm, by_id in answers.items():
        ordered = [by_id[row.id] for row in held_out.rows]
        files.write(f"{folder}answers/{arm}.jsonl", write_answers(ordered), "application/jsonl")
    return answers


def _regression_answers(interview: Interview, questions: Questions) -> dict[str, dict[str, Answer]]:
    suite = questions.regression
    return {arm.name: interview.answers(suite, arm.name) for arm in suite.arms} if suite else {}


def _curves(files: Storage, prefix: str) -> tuple[list[Curve], list[str]]:
    """Return a job's curves. A file that can't be read is a note, not the end of an evaluation."""
    try:
        return find_curves(files, prefix), []
    except InvalidInputError as error:
        return [], [f"the training curve can't be shown: {error.message}"]


def _write(
    files: Storage,
    folder: str,
    report: dict[str, Any],
    outcome: Outcome,
    preferred: Mapping[str, int],
    recipe: Recipe,
) -> None:
    """Write the report and the page for labels. ``preferred``: the judge's preferences, by row."""
    shown = [*report["wins"], *report["losses"]]
    rows = {row.id: row for row in outcome.sheet.rows}
    asked = label_page.rows_to_label(outcome.sheet.rows)
    pictures = thumbnails(files, [*(rows[item["id"]] for item in shown), *asked])
    for name, page in pages(report, pictures, recipe.notifications.language).items():
        files.write(f"{folder}{name}", page.encode(), "text/html; charset=utf-8")
    files.write(f"{folder}report.json", orjson.dumps(report, option=orjson.OPT_INDENT_2), "application/json")
    known = label_page.key(outcome, report["run"], report["reproduce"]["answers_sha256"], preferred)
    page = label_page.render(known, asked, pictures, language=report["language"])
    files.write(f"{folder}labels.html", page.encode(), "text/html; charset=utf-8")
    files.write(f"{folder}labels-key.json", orjson.dumps(known), "application/json")
    files.write(f"{folder}{ROW_SCORES_FILE}", write_scores(_scores(outcome)), "application/jsonl")


def _scores(outcome: Outcome) -> list[RowScore]:
    evidence, sheet = outcome.sheet.evidence[outcome.metric], outcome.sheet
    ours, theirs = evidence[CANDIDATE].scores, evidence[outcome.decision.primary.baseline_arm].scores
    return row_scores(
        (row.group, row.question, row.references, sheet.answer(CANDIDATE, row).answer, score, baseline)
        for row, score, baseline in zip(sheet.rows, ours, theirs, strict=True)
    )
