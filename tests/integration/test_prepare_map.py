"""Preparing at scale on the deployed template: shards come to what one function comes to, under their own role."""

from collections.abc import Callable
from pathlib import Path

from tailor import catalog
from tailor.datasets.prepare import prepare_dataset
from tailor.names import work_folder
from tailor.recipe import Recipe
from tailor.runs import State
from tailor.steps.frozen import frozen_upload
from tailor.storage import FolderStorage
from tailor_local.cloud import ACCOUNT
from tests.integration.pipeline import Pipeline
from tests.integration.standin import COLOURS, picture
from tests.waiting import until

RECIPE = b"model: nova-lite\nbudget: {limit: 0}\ndata: {on_error: skip, max_errors: 0.1}\n"


def test_a_dataset_above_the_threshold_goes_through_the_state_machine(
    pipeline: Pipeline, setting: Callable[..., None], tmp_path: Path
) -> None:
    setting("PrepareFunction", MACHINE_ABOVE_SECONDS="0", MACHINE_FUNCTIONS="2")
    colours = list(COLOURS)
    files = {f"{n}.png": picture(colours[n % len(colours)], n) for n in range(12)}
    rows = [f"Hình {n} màu gì?,{colours[n % 12 % len(colours)]},{n * 7 % 12}.png" for n in range(260)]
    files["rows.csv"] = "\n".join(["question,answer,image", *rows, "no answer,,0.png"]).encode()

    started = pipeline.upload("sharded/scenes", files | {"tailor.yaml": RECIPE})

    def state() -> State | None:
        return next((run.state for run in pipeline.runs.project_runs("sharded")), None)

    until(state, lambda seen: seen not in (None, State.RECEIVED, State.PREPARING, State.PREPARED))
    run = pipeline.runs.get(started)
    assert run.state == State.AWAITING_APPROVAL, run.history[-1].reason
    assert run.report.executions == 1
    executions = pipeline.cloud.client("stepfunctions")
    ended = until(
        lambda: executions.describe_execution(executionArn=run.report.execution)["status"],
        lambda status: status != "RUNNING",
    )
    assert ended == "SUCCEEDED"
    runs = executions.list_map_runs(executionArn=run.report.execution)["mapRuns"]
    counts = [executions.describe_map_run(mapRunArn=each["mapRunArn"])["executionCounts"] for each in runs]
    assert sorted(each["stateMachineArn"].rpartition("/")[2] for each in runs) == ["check", "fetch", "name"]
    assert [(each["total"], each["succeeded"]) for each in counts] == [(2, 2)] * 3
    assert list(pipeline.bucket.list(work_folder(run.files))) == []

    (tmp_path / "scratch").mkdir()
    alone = FolderStorage(tmp_path / "alone")
    prepare_dataset(
        frozen_upload(run, pipeline.bucket),
        run.prefix,
        alone,
        run.files,
        Recipe.parse(RECIPE.decode()),
        catalog.model("nova-lite"),
        bucket_owner=ACCOUNT,
        scratch=tmp_path / "scratch",
    )
    written = {file.key: alone.read(file.key) for file in alone.list(run.files)}
    assert {key: pipeline.bucket.read(key) for key in written} == written
