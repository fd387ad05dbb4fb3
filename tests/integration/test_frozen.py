"""Uploads that change after their run began, on the deployed template: versions, permissions, server-side copies."""

import json

from tailor.runs import Run, State
from tests.integration.pipeline import Pipeline
from tests.integration.standin import COLOURS, picture

PICTURES = 150


def shown(pipeline: Pipeline, run: Run) -> list[bytes]:
    """Return the pictures of all rows that Bedrock is given, in the order of their names."""
    found = {}
    for part in ("train", "validation", "test"):
        for line in pipeline.bucket.read(f"{run.files}prepared/{part}.jsonl").splitlines():
            [block, text] = json.loads(line)["messages"][0]["content"]
            uri = block["image"]["source"]["s3Location"]["uri"]
            found[text["text"]] = pipeline.bucket.read(uri.removeprefix(pipeline.bucket.uri("")))
    return [found[question] for question in sorted(found)]


def test_pictures_that_are_overwritten_while_the_run_waits_are_not_trained(pipeline: Pipeline) -> None:
    colours = list(COLOURS)
    rows = [f"{n:03d}: màu gì?,{colours[n % len(colours)]},{n:03d}.png" for n in range(PICTURES)]
    quoted = [picture(colours[n % len(colours)], n) for n in range(PICTURES)]
    others = [picture(colours[(n + 1) % len(colours)], n) for n in range(PICTURES)]
    files = {f"{n:03d}.png": data for n, data in enumerate(quoted)}
    rows_csv = "\n".join(["question,answer,image", *rows]).encode()
    recipe = b"model: nova-lite\ndeployment: {promote: false}"
    id = pipeline.upload("frozen/scenes", files | {"rows.csv": rows_csv, "tailor.yaml": recipe})
    run = pipeline.wait(id, State.AWAITING_APPROVAL)
    for n, data in enumerate(others):
        pipeline.bucket.write(f"uploads/frozen/scenes/{n:03d}.png", data)
    assert pipeline.decide(id, "approve").status_code == 200
    run = pipeline.wait(id, State.TRAINED, State.DEPLOYING, State.DEPLOYED, State.EVALUATING, *PAST)
    assert shown(pipeline, run) == quoted
    assert pipeline.dead() == []


PAST = (State.PASSED, State.FAILED, State.INCONCLUSIVE)
