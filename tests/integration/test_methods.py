"""Every method of the demo on the deployed template, with little data: from an upload to a verdict and a call."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml
from openai import OpenAI

from samples.generate import generate
from tailor.recipe import Method
from tailor.runs import State
from tailor.serving import keys
from tailor_local.bedrock.faults import Faults
from tailor_local.demo import calls
from tailor_local.demo.methods import DEMOS
from tests.integration.pipeline import Pipeline
from tests.unit.datasets.documents.making import docx, p, pdf

SetFaults = Callable[[Faults], None]
# Besides what the sample says itself: few rows, and no more questions than the verdict needs.
LITTLE: dict[str, Any] = {"split": {"train": 0.6, "validation": 0.1, "test": 0.3}}
ROWS: dict[Method, int] = {
    "distillation": 190,
    "continued-pre-training": 60,
    "reinforcement": 200,
    "preference-optimization": 110,
}
JOBS: dict[Method, str] = {
    "distillation": "DISTILLATION",
    "continued-pre-training": "SageMaker training job",
    "reinforcement": "REINFORCEMENT_FINE_TUNING",
    "preference-optimization": "SageMaker training job",
}


def sample(folder: Path, method: Method) -> dict[str, bytes]:
    """The data first, the recipe last."""
    generate(folder, method, ROWS[method])
    recipe = yaml.safe_load((folder / "tailor.yaml").read_bytes()) | LITTLE
    recipe["evaluation"] |= {"few_shot": 0, "regression": False}
    data = {path.name: path.read_bytes() for path in folder.glob("*.jsonl")}
    return data | {"tailor.yaml": yaml.safe_dump(recipe).encode()}


@pytest.mark.parametrize("method", JOBS)
def test_a_method_goes_from_an_upload_to_its_verdict_and_an_answered_call(
    method: Method, pipeline: Pipeline, faults: SetFaults, tmp_path: Path
) -> None:
    demo = DEMOS[method]
    faults(demo.faults)
    project = f"little{demo.project}"

    run = pipeline.wait(pipeline.upload(f"{project}/{demo.dataset}", sample(tmp_path, method)), State.LIVE)

    assert run.job
    assert (run.job.request.get("trainer") or run.job.request["customizationType"]) == JOBS[method]
    assert run.evaluation.verdict == State.PASSED
    report = orjson.loads(pipeline.bucket.read(f"{run.files}evaluation/report.json"))
    assert "stand in for Bedrock's" in report["remark"]
    assert demo.measure(report)
    [row] = calls.held_out(run, pipeline.bucket)
    api = OpenAI(base_url=pipeline.api, api_key=keys.create(pipeline.serving, "test", [project])[0], max_retries=0)
    answer = api.chat.completions.create(model=project, messages=calls.messages(row, pipeline.bucket))
    assert answer.choices[0].message.content
    assert pipeline.dead() == []


def test_where_no_model_takes_documents_nothing_is_prepared(pipeline: Pipeline, tmp_path: Path) -> None:
    files = sample(tmp_path, "continued-pre-training")
    retired = yaml.safe_load(files["tailor.yaml"]) | {"model": "titan-text-lite", "trainer": "bedrock"}
    files["tailor.yaml"] = yaml.safe_dump(retired).encode()
    run = pipeline.wait(pipeline.upload("nowhere/manuals", files), State.REJECTED)
    (found,) = [finding for finding in pipeline.findings(run) if finding["severity"] == "error"]
    assert "no model in us-east-1 supports continued pre-training today" in found["message"]
    assert "fine-tune" in found["fix"]
    assert list(pipeline.bucket.list(f"{run.files}prepared/")) == []


def test_questions_about_documents_get_what_the_functions_own_layer_reads(pipeline: Pipeline) -> None:
    rows = [f"{name},What is rule {row}?,Rule {row}\n" for row in range(30) for name in ("rules.pdf", "rules.docx")]
    files = {
        "rules.pdf": pdf(["Nobody enters the blue room.", "Lamps are off at nine."]),
        "rules.docx": docx(p("Doors stay shut.")),
        "qa.csv": ("document,question,answer\n" + "".join(rows)).encode(),
    }
    run = pipeline.wait(pipeline.upload("papers/rules", files), State.AWAITING_APPROVAL)
    assert run.report.counts["rejected"] == 0
    # In any part: questions about one document stay together.
    parts = [file.key for file in pipeline.bucket.list(f"{run.files}prepared/") if file.key.endswith(".jsonl")]
    prepared = b"".join(pipeline.bucket.read(key) for key in parts).decode()
    assert "Nobody enters the blue room." in prepared
    assert "Doors stay shut." in prepared
    assert pipeline.dead() == []
