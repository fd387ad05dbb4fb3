"""Uploads that change after their run began, on the deployed template: versions, permissions, server-side copies."""

import json

from tailor.runs import Run, State
from tests.integration.pipeline import Pipeline
from tests.integration.standin import COLOURS, picture
from tests.waiting import until

PICTURES = 150
DONE = {"_DONE": b""}  # no need to wait until it is quiet
TRAINED = (
    *(State.TRAINED, State.DEPLOYING, State.DEPLOYED, State.EVALUATING),
    *(State.PASSED, State.FAILED, State.INCONCLUSIVE, State.RETIRED),
)


def shown(pipeline: Pipeline, run: Run) -> list[bytes]:
    """Return the pictures of all rows that Bedrock is given, in the order of their names."""
    found = {}
    for part in ("train", "validation", "test"):
        for line in pipeline.bucket.read(f"{run.files}prepared/{part}.jsonl").splitlines():
            [block, text] = json.loads(line)["messages"][0]["content"]
            uri = block["image"]["source"]["s3Location"]["uri"]
            found[text["text"]] = pipeline.bucket.read(uri.removeprefix(pipeline.bucket.uri("")))
    return [found[question] for question in sorted(found)]


def ended(pipeline: Pipeline, run: str, state: State) -> str:
    """Return why a run ended in a state; nobody approves it meanwhile."""
    found = until(lambda: pipeline.runs.get(run), lambda found: found.state == state)
    return found.history[-1].reason


def test_what_is_trained_is_what_was_quoted_whatever_becomes_of_the_folder(pipeline: Pipeline) -> None:
    colours, bucket, prefix = list(COLOURS), pipeline.bucket, "uploads/frozen/scenes/"
    rows = [f"{n:03d}: màu gì?,{colours[n % len(colours)]},{n:03d}.png" for n in range(PICTURES)]
    quoted = [picture(colours[n % len(colours)], n) for n in range(PICTURES)]
    others = [picture(colours[(n + 1) % len(colours)], n) for n in range(PICTURES)]
    files = {f"{n:03d}.png": data for n, data in enumerate(quoted)}
    rows_csv = "\n".join(["question,answer,image", *rows]).encode()
    recipe = b"model: nova-lite\ndeployment: {promote: false}"
    first = pipeline.upload("frozen/scenes", files | {"rows.csv": rows_csv, "tailor.yaml": recipe} | DONE)
    pipeline.wait(first, State.AWAITING_APPROVAL)  # nobody knows the price of training Nova Lite

    second = pipeline.upload("frozen/scenes", {f"{n:03d}.png": data for n, data in enumerate(others)} | DONE)
    assert second in ended(pipeline, first, State.SUPERSEDED)
    refused = pipeline.decide(first, "approve")
    assert (refused.status_code, "is superseded" in refused.text) == (409, True)
    assert shown(pipeline, pipeline.wait(second, State.AWAITING_APPROVAL)) == others
    assert pipeline.decide(second, "approve").status_code == 200
    pipeline.wait(second, State.TRAINING, *TRAINED)

    third = pipeline.upload("frozen/scenes", {"000.png": quoted[0]} | DONE)
    assert shown(pipeline, pipeline.wait(second, *TRAINED)) == others
    assert pipeline.jobs(first) == []

    pipeline.wait(third, State.AWAITING_APPROVAL)
    bucket.delete([file.key for file in bucket.list(prefix)])
    bucket.write(f"{prefix}_DONE", b"")
    assert ended(pipeline, third, State.STOPPED) == f"its folder {prefix} was deleted"
    assert pipeline.dead() == []
