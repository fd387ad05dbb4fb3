"""Send small datasets through the deployed pipeline without spending: budget 0 asks for approval."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from tailor.names import RECIPE_FILE, UPLOADS
from tailor.runs import TERMINAL, Run, State
from tailor.steps import steer
from tailor.verify.answer import CannotCheckError
from tailor.verify.check import Check
from tailor.verify.pictures import pictures
from tailor.verify.world import World

PROBE, AT_SCALE, MISSING = "probe", "at-scale", "missing"
PATIENCE = 600.0
"""Seconds. EventBridge takes up to five minutes to start after a first deployment."""
TRAINED = 8
_NOT_THERE = "elsewhere/not-there.png"
_DECLINED = ["received", "preparing", "prepared", "awaiting-approval", "declined"]
_RECIPE = """\
model: nova-lite
budget: {limit: 0}
notifications: {slack: false}
"""
PERMISSIONS = (
    "s3:PutObject",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:Query",
)


def _begin_probe(world: World) -> None:
    _upload(world, PROBE, _rows(), _RECIPE)


def _begin_at_scale(world: World) -> None:
    _upload(world, AT_SCALE, _rows(), _RECIPE + "data: {at_scale: true}\n")


def _begin_missing(world: World) -> None:
    """Begin a run with a missing image outside of the dataset's folder, so that the function asks S3 for it."""
    project = f"s3://{world.deployed.bucket_name}/{UPLOADS}{world.name}/"
    _upload(world, MISSING, [*_rows(), ("Hình này màu gì?", "đỏ", project + _NOT_THERE, "train")], _RECIPE)


def _rows() -> list[tuple[str, ...]]:
    """Return question, answer, image and split: eight rows to train on, Nova's minimum, and two held out."""
    return [
        (picture.question, picture.answer, f"images/{picture.name}", "train" if number < TRAINED else "test")
        for number, picture in enumerate(pictures())
    ]


def _upload(world: World, dataset: str, rows: list[tuple[str, ...]], recipe: str) -> None:
    """Upload into a folder of its own in the session's project; the recipe goes last, because it starts the run."""
    bucket, prefix = world.deployed.bucket, f"{UPLOADS}{world.name}/{dataset}/"
    for picture in pictures():
        bucket.write(f"{prefix}images/{picture.name}", picture.png, "image/png")
    table = "\n".join(",".join(row) for row in [("question", "answer", "image", "split"), *rows])
    bucket.write(f"{prefix}questions.csv", table.encode(), "text/csv")
    bucket.write(prefix + RECIPE_FILE, recipe.encode(), "application/yaml")


def _probe(world: World) -> dict[str, Any]:
    return _asked_and_declined(world, PROBE)


def _at_scale(world: World) -> dict[str, Any]:
    observed = _asked_and_declined(world, AT_SCALE)
    execution = _run(world, AT_SCALE).report.execution
    if execution is None:
        return observed | {"execution": "none"}

    def status() -> str:
        found = world.call("stepfunctions", "describe_execution", executionArn=execution)
        return str(found.needed()["status"])

    return observed | {"execution": world.until(status, lambda seen: seen != "RUNNING", 60)}


def _asked_and_declined(world: World, dataset: str) -> dict[str, Any]:
    run = settled(world, dataset)
    if run.state == State.AWAITING_APPROVAL:
        stack = world.deployed
        run = steer.decline(run, stack.runs, by=stack.by, reason="tailor verify", now=datetime.now(UTC))
    return {
        "states": [str(state) for state in run.states],
        "rows to train on": run.report.counts.get("train", 0),
        "images": run.report.media.get("images", 0),
        "reason": "" if run.state == State.DECLINED else run.history[-1].reason,
        "seconds to the first state": round((run.history[1].at - run.created_at).total_seconds())
        if run.history[1:]
        else 0,
    }


def _missing(world: World) -> dict[str, Any]:
    run = settled(world, MISSING)
    found = {item.code: item.severity for item in run.report.findings}
    return {
        "state": str(run.state),
        "errors": sorted(code for code, severity in found.items() if severity == "error"),
        "reason": run.history[-1].reason,
    }


def settled(world: World, dataset: str) -> Run:
    """Return the run once it waits for an answer or has ended. Raises CannotCheckError if none begins."""
    done = TERMINAL | {State.AWAITING_APPROVAL}
    run = world.until(
        lambda: find_run(world, dataset), lambda found: found is not None and found.state in done, PATIENCE
    )
    if run is None:
        raise CannotCheckError(f"no run began within {PATIENCE:.0f} seconds of the upload of {dataset}")
    if run.is_open and run.state != State.AWAITING_APPROVAL:
        raise CannotCheckError(f"the run of {dataset} is still {run.state} after {PATIENCE:.0f} seconds")
    return run


def _run(world: World, dataset: str) -> Run:
    found = find_run(world, dataset)
    if found is None:
        raise CannotCheckError(f"the run of {dataset} is gone")
    return found


def find_run(world: World, dataset: str) -> Run | None:
    """Return the run of one of this session's datasets; None if there is none yet."""
    runs = world.deployed.runs.project_runs(world.name)
    return next((run for run in runs if run.dataset == dataset and not run.is_superseded), None)


_DECLINED_RUN: Mapping[str, Any] = {"states": _DECLINED, "rows to train on": TRAINED, "images": 10}
_VARIES = frozenset({"seconds to the first state", "reason"})

CHECKS = (
    Check(
        id="probe-run",
        assumption="An upload of ten Vietnamese questions about images becomes a run that is checked, converted and "
        "priced, and waits for an approval: S3's events, the queue and rules, the table's stream and each function's "
        "permissions work together.",
        source="https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventBridge.html; the template",
        when="after deploying",
        cost=Decimal("0.001"),
        expected=_DECLINED_RUN,
        begin=_begin_probe,
        look=_probe,
        permissions=PERMISSIONS,
        varies=_VARIES,
    ),
    Check(
        id="probe-run-at-scale",
        assumption="The same dataset gives the same result through the state machine for large datasets, with "
        "that machine's role.",
        source="https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html; the template",
        when="after deploying",
        cost=Decimal("0.005"),
        expected={**_DECLINED_RUN, "execution": "SUCCEEDED"},
        begin=_begin_at_scale,
        look=_at_scale,
        permissions=(*PERMISSIONS, "states:DescribeExecution"),
        varies=_VARIES,
    ),
    Check(
        id="missing-object",
        assumption="S3 answers 404, not 403, for a missing object to a function that may list only its prefix: a"
        " row that names such an image is reported, and the function does not fail.",
        source="https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html; field report: kopia #3072",
        when="after deploying",
        cost=Decimal("0.001"),
        expected={"state": "rejected", "errors": {"includes": ["media-missing"]}},
        begin=_begin_missing,
        look=_missing,
        permissions=PERMISSIONS,
        varies=frozenset({"reason"}),
    ),
)
