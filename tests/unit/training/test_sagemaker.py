"""SageMaker's training job: a request that its service model takes, AWS's recipe, and what its answers mean."""

import io
import json
import tarfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import yaml

from tailor import catalog
from tailor.catalog import Price, Source
from tailor.errors import InvalidInputError, RecipeError
from tailor.recipe import Patience, Recipe
from tailor.runs import Run
from tailor.training.approval import committed, needs_approval
from tailor.training.methods import quote
from tailor.training.recipe_check import check_recipe
from tailor.training.request import Job
from tailor.training.sagemaker import as_job, build_request, checkpoint_in, output_of, recipe_file
from tailor.training.stall import find_stall
from tailor.training.trainers import choose, trainer_of_job
from tests.unit.training.contract import request_problems

ROLE = "arn:aws:iam::123456789012:role/tailor-training"
KEY = "arn:aws:kms:us-east-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef"
AT = datetime(2026, 11, 29, 10, tzinfo=UTC)
TRAINED = [
    (model.name, method) for model in catalog.models() for method in model.methods if model.methods[method].sagemaker
]
type MakeRun = Callable[..., Run]
type Manifest = Callable[..., Any]


def job(run: MakeRun, manifest: Manifest, *, region: str = "us-east-1", **settings: Any) -> Job:
    recipe = Recipe.model_validate({"trainer": "sagemaker", **settings})
    model = catalog.model_of(recipe)
    return Job(run(recipe), model, manifest(), "tailor-data", ROLE, {"stack": "tailor"}, region=region, kms_key=KEY)


@pytest.mark.parametrize(("model", "method"), TRAINED)
def test_every_request_is_one_that_sagemaker_takes(run: MakeRun, manifest: Manifest, model: str, method: str) -> None:
    made = job(run, manifest, model=model, method=method)
    request, recipe = build_request(made, max_hours=8), yaml.safe_load(recipe_file(made))
    assert request_problems("CreateTrainingJob", request, "sagemaker") == ""
    assert recipe["run"]["replicas"] == request["ResourceConfig"]["InstanceCount"]
    assert recipe["run"]["model_name_or_path"] == request["HyperParameters"]["base_model"]
    assert recipe["run"]["name"] == request["TrainingJobName"] == made.run.id
    assert request["StoppingCondition"] == {"MaxRuntimeInSeconds": 8 * 3600}


def test_a_recipe_carries_the_runs_hyperparameters(run: MakeRun, manifest: Manifest) -> None:
    settings: dict[str, Any] = {"hyperparameters": {"epochs": 3, "learning_rate": 0.00002, "warmup_steps": 7}}
    first = yaml.safe_load(recipe_file(job(run, manifest, **settings)))["training_config"]
    optim = first["model"]["optim"]
    assert (first["trainer"]["max_epochs"], optim["lr"], optim["sched"]["warmup_steps"]) == (3, 2e-5, 7)
    assert first["model"]["peft"]["peft_scheme"] == "lora"
    second = yaml.safe_load(recipe_file(job(run, manifest, model="nova-2-lite", **settings)))["training_config"]
    assert second["max_steps"] == 113  # 1,200 rows, 3 times, 32 in a step


@pytest.mark.parametrize(("pairs", "batch", "warmup"), [(1200, 64, 10), (40, 32, 3), (16, 16, 2)])
def test_preferences_are_learnt_by_awss_recipe_for_them(
    run: MakeRun, manifest: Manifest, pairs: int, batch: int, warmup: int
) -> None:
    recipe = Recipe.model_validate({"method": "preference-optimization", "hyperparameters": {"beta": 0.05}})
    model = catalog.model_of(recipe)
    made = Job(run(recipe), model, manifest(pairs), "tailor-data", ROLE, {"stack": "tailor"}, region="us-west-2")
    training = yaml.safe_load(recipe_file(made))["training_config"]
    assert training["model"]["dpo_cfg"] == {"beta": 0.05}
    assert (training["global_batch_size"], training["max_length"]) == (batch, 4096)
    assert training["model"]["optim"]["sched"]["warmup_steps"] == warmup
    request = build_request(made, max_hours=8)
    assert request["AlgorithmSpecification"]["TrainingImage"].endswith("/nova-fine-tune-repo:SM-TJ-DPO-latest")
    assert request["ResourceConfig"]["InstanceType"] == "ml.g5.48xlarge"


def test_what_sagemaker_does_not_train_is_said_with_a_way_out(run: MakeRun, manifest: Manifest) -> None:
    for wrong in (job(run, manifest, model="nova-pro"), job(run, manifest, region="eu-west-1")):
        with pytest.raises(InvalidInputError) as error:
            build_request(wrong, max_hours=8)
        assert error.value.hint


def described(status: str, *passed: str, **more: Any) -> dict[str, Any]:
    moments = [AT + timedelta(minutes=place) for place in range(len(passed) + 1)]
    return {
        "TrainingJobArn": "arn:aws:sagemaker:us-east-1:123456789012:training-job/a",
        "TrainingJobName": "a",
        "TrainingJobStatus": status,
        "SecondaryStatus": passed[-1],
        "CreationTime": AT,
        "SecondaryStatusTransitions": [
            {"Status": name, "StartTime": moments[place], "EndTime": moments[place + 1]}
            for place, name in enumerate(passed)
        ],
        "StoppingCondition": {"MaxRuntimeInSeconds": 7200},
        **more,
    }


@pytest.mark.parametrize(
    ("passed", "phases"),
    [
        (("Starting",), ("Completed", None, None)),
        (("Starting", "Downloading"), ("Completed", "InProgress", None)),
        (("Starting", "Downloading", "Training"), ("Completed", "Completed", "InProgress")),
        (("Starting", "Downloading", "Training", "Uploading"), ("Completed", "Completed", "InProgress")),
    ],
)
def test_secondary_statuses_are_the_phases_that_people_know(passed: tuple[str, ...], phases: tuple[str, ...]) -> None:
    details = as_job(described("InProgress", *passed))["statusDetails"]
    names = ("validationDetails", "dataProcessingDetails", "trainingDetails")
    assert tuple(details.get(name, {}).get("status") for name in names) == phases


def test_a_job_that_gets_no_instances_waits_and_then_is_stuck() -> None:
    waiting, patience = as_job(described("InProgress", "Starting", "Pending")), Patience()
    assert find_stall(waiting, patience, AT + timedelta(hours=1)) is None
    stall = find_stall(waiting, patience, AT + timedelta(hours=13))
    assert stall and (stall.level, stall.phase) == ("stuck", "waiting")


def test_an_end_says_why_and_how_good_it_was() -> None:
    failed = as_job(described("Failed", "Starting", "Failed", FailureReason="CapacityError: none"))
    assert failed["failureMessage"] == "CapacityError: none"
    late = as_job(described("Stopped", "Starting", "Training", "MaxRuntimeExceeded"))
    assert "2 hours" in late["failureMessage"]
    metrics = [{"MetricName": "training_loss", "Value": 0.5, "Timestamp": AT}]
    done = as_job(described("Completed", "Starting", "Training", "Completed", FinalMetricDataList=metrics))
    assert done["trainingMetrics"] == {"trainingLoss": 0.5}
    assert done["statusDetails"]["trainingDetails"]["status"] == "Completed"


def archive(**files: bytes) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as packed:
        for name, body in files.items():
            entry = tarfile.TarInfo(name.replace("_json", ".json"))
            entry.size = len(body)
            packed.addfile(entry, io.BytesIO(body))
    return file.getvalue()


def test_the_manifest_names_the_checkpoint() -> None:
    place = "s3://customer-escrow-123456789012-smtj-abc/a/10"
    assert checkpoint_in(archive(manifest_json=json.dumps({"checkpoint_s3_bucket": place}).encode())) == place
    assert output_of("a", "runs/p/a/") == "runs/p/a/job/a/output/output.tar.gz"


NO_CHECKPOINT = {
    "empty": b"",
    "no archive": b"no archive",
    "no manifest": archive(other=b"{}"),
    "no place": archive(manifest_json=b"{}"),
    "no JSON": archive(manifest_json=b"[1"),
    "no object": archive(manifest_json=b"[1]"),
}


@pytest.mark.parametrize("output", NO_CHECKPOINT.values(), ids=NO_CHECKPOINT)
def test_an_output_without_a_checkpoint_is_told(output: bytes) -> None:
    with pytest.raises(InvalidInputError):
        checkpoint_in(output)


def test_bedrock_trains_unless_the_recipe_or_the_region_says_otherwise() -> None:
    lite, recipe = catalog.model("nova-lite"), Recipe()
    assert choose(recipe, lite, region="us-east-1", enabled=True).name == "bedrock"
    assert choose(recipe, lite, region="us-west-2", enabled=True).name == "sagemaker"
    assert choose(recipe, lite, region="us-west-2").name == "bedrock"
    assert choose(recipe, lite, region="eu-west-1", enabled=True).name == "bedrock"
    assert choose(Recipe(trainer="sagemaker"), lite, region="us-east-1").name == "sagemaker"
    pairs = Recipe(method="preference-optimization")
    assert choose(pairs, lite, region="us-east-1").name == "sagemaker"
    with pytest.raises(RecipeError, match="trainer"):
        check_recipe(pairs.model_copy(update={"trainer": "bedrock"}))
    assert trainer_of_job("arn:aws:sagemaker:us-east-1:1:training-job/a") == "sagemaker"
    assert trainer_of_job("arn:aws:bedrock:us-east-1:1:model-customization-job/a/b") == "bedrock"


def test_a_quote_counts_all_the_hours_that_the_job_may_take(manifest: Manifest) -> None:
    recipe = Recipe.model_validate({"trainer": "sagemaker", "budget": {"training_hours": 2}})
    unknown = quote(manifest(), recipe, catalog.model("nova-lite"))
    assert unknown.lines[0].low is None
    assert "not known" in str(needs_approval(unknown, recipe, Decimal(10_000)))
    source = Source(url="https://example.com", checked=AT.date(), kind="operator")
    hour = Price(
        item="instance-hour",
        amount=Decimal(7),
        unit="instance and hour",
        region="us-east-1",
        as_of=AT.date(),
        source=source,
    )
    found = quote(manifest(), recipe, catalog.model("nova-lite").with_prices([hour]))
    assert [found.lines[0].low, found.lines[0].high] == [Decimal(0), Decimal(14)]
    assert (most := committed(found)) is None or most.high > 14


def test_methods_whose_jobs_take_other_instances_have_prices_of_their_own(manifest: Manifest) -> None:
    lite, recipe = catalog.model("nova-lite"), Recipe(method="preference-optimization")
    types = lite.usage_types("us-east-1")
    assert types["instance-hour"] == "USE1-Train:ml.g5.12xlarge"
    assert types["preference-instance-hour"] == "USE1-Train:ml.g5.48xlarge"
    given = lite.priced({"instance-hour": Decimal(7)}, AT.date())
    found = quote(manifest(), recipe, given)
    assert (found.lines[0].low, found.training_tokens) == (None, None)
    assert "preference-instance-hour" in found.lines[0].how
    known = quote(manifest(), recipe, lite.priced({"preference-instance-hour": Decimal(20)}, AT.date()))
    assert known.lines[0].high == Decimal(160)


def test_more_rows_are_taken_and_longer_ones_are_not() -> None:
    bedrock, sagemaker = (
        catalog.model_of(Recipe(trainer=name)).method("fine-tuning").limits for name in ("bedrock", "sagemaker")
    )
    assert (bedrock.max_rows, bedrock.context_tokens) == (20_000, 32_000)
    assert (sagemaker.max_rows, sagemaker.context_tokens) == (1_000_000, 8192)
