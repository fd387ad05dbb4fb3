"""Remove what checks created on a deployed stack. Objects in the bucket are removed with all their versions."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from tailor.runs import Run, State
from tailor.steps import steer
from tailor.verify.cleaning import Cleaner, pages
from tailor.verify.deployed import Deployed
from tailor.verify.world import World

FOLDERS = ("uploads/", "runs/", "work/")


def _jobs(world: World, prefix: str) -> Iterator[str]:
    operation, field = "list_model_customization_jobs", "modelCustomizationJobSummaries"
    for job in pages(world, "bedrock", operation, field, next_page="nextToken", nameContains=prefix):
        if job["jobName"].startswith(prefix) and (prefix == world.name or job["status"] == "InProgress"):
            yield job["jobName"]


def _end_job(world: World, name: str) -> str:
    """End a job. Bedrock keeps its record permanently, at no cost."""
    job = world.call("bedrock", "get_model_customization_job", jobIdentifier=name).needed()
    if job["status"] == "InProgress":
        stopped = world.call("bedrock", "stop_model_customization_job", jobIdentifier=name)
        if not stopped.ok:
            return f"it is still running: {stopped.said}"
    return "Bedrock keeps its record of a job for good"


def _models(world: World, prefix: str) -> Iterator[str]:
    found = pages(world, "bedrock", "list_custom_models", "modelSummaries", next_page="nextToken", nameContains=prefix)
    yield from (model["modelName"] for model in found if model["modelName"].startswith(prefix))


def _delete_model(world: World, name: str) -> str:
    return world.call("bedrock", "delete_custom_model", modelIdentifier=name).said


def _runs(world: World, prefix: str) -> Iterator[str]:
    """Return runs, found by their objects in the bucket: projects are named by the time of a call, not listed
    anywhere."""
    yield from sorted(
        {run.id for project in _projects(world, prefix) for run in world.deployed.runs.project_runs(project)}
    )


def _projects(world: World, prefix: str) -> set[str]:
    keys = (item.key for folder in ("uploads/", "runs/") for item in world.deployed.bucket.list(folder + prefix))
    return {key.split("/")[1][: len(world.name)] for key in keys} | {world.name}


def _forget_run(world: World, run_id: str) -> str:
    """Remove a run's record. A run that functions may work on is stopped and left for the next call, so they don't
    fail."""
    stack = world.deployed
    run = stack.runs.get(run_id)
    if run.is_open and run.state != State.AWAITING_APPROVAL:
        _stop(stack, run)
        return "it was under way and is stopped now: the next call removes it"
    for key in (f"PROJECT#{run.project}", f"USAGE#{run.project}"):
        _forget_served(world, key)
    answer = world.call("dynamodb", "delete_item", TableName=stack.runs_table, Key={"id": {"S": run_id}})
    return answer.said


def _stop(stack: Deployed, run: Run) -> None:
    reason, now = "tailor verify was interrupted", datetime.now(UTC)
    if run.state == State.LIVE:
        stack.take_offline(run.project, reason)
        return
    stop = steer.retire if run.state == State.STANDBY else steer.stop
    stop(run, stack.services, by=stack.by, reason=reason, now=now)


def _forget_served(world: World, key: str) -> None:
    """Delete a project's rows from the table of live versions and usage."""
    table = world.deployed.serving_table
    found = world.call(
        "dynamodb",
        "query",
        TableName=table,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": key}},
        ProjectionExpression="pk, sk",
    ).needed()
    for item in found["Items"]:
        world.call("dynamodb", "delete_item", TableName=table, Key=dict(item)).needed()


def _keys(world: World, prefix: str) -> Iterator[str]:
    yield from (key.name for key in world.deployed.serving.all_keys() if key.name.startswith(prefix))


def _forget_key(world: World, name: str) -> str:
    for key in world.deployed.serving.all_keys():
        if key.name == name:
            given = {"pk": {"S": "KEYS"}, "sk": {"S": key.digest}}
            answer = world.call("dynamodb", "delete_item", TableName=world.deployed.serving_table, Key=given)
            if not answer.ok:
                return answer.said
    return ""


def _folders(world: World, prefix: str) -> Iterator[str]:
    """Yield the folder names of all places that checks write to, each once."""
    names = set()
    for folder in FOLDERS:
        names |= {version["Key"].split("/")[1] for version in _versions(world, folder + prefix)}
    yield from sorted(names)


def _empty_folder(world: World, name: str) -> str:
    """Empty a folder, unless a run of it remains, which is found by the folder."""
    if world.deployed.runs.project_runs(name[: len(world.name)]):
        return ""
    for folder in FOLDERS:
        versions = [
            {"Key": version["Key"], "VersionId": version["VersionId"]}
            for version in _versions(world, f"{folder}{name}/")
        ]
        for start in range(0, len(versions), 1000):
            answer = world.call(
                "s3",
                "delete_objects",
                Bucket=world.deployed.bucket_name,
                Delete={"Objects": versions[start : start + 1000], "Quiet": True},
            )
            if not answer.ok or answer.document.get("Errors"):
                return answer.said or f"{len(answer.document['Errors'])} objects"
    return ""


def _versions(world: World, prefix: str) -> Iterator[Mapping[str, Any]]:
    """Yield versions and delete markers of all objects whose key begins with the prefix."""
    following: dict[str, Any] = {}
    while True:
        page = world.call(
            "s3", "list_object_versions", Bucket=world.deployed.bucket_name, Prefix=prefix, **following
        ).needed()
        yield from page.get("Versions", [])
        yield from page.get("DeleteMarkers", [])
        if not page.get("IsTruncated"):
            return
        following = {"KeyMarker": page["NextKeyMarker"], "VersionIdMarker": page["NextVersionIdMarker"]}


# Jobs and models first: a job still reads and writes its folder. Runs are found by their folders.
CLEANERS = (
    Cleaner(
        "customization job",
        _jobs,
        _end_job,
        (
            "bedrock:ListModelCustomizationJobs",
            "bedrock:GetModelCustomizationJob",
            "bedrock:StopModelCustomizationJob",
        ),
        deployed=True,
    ),
    Cleaner(
        "custom model", _models, _delete_model, ("bedrock:ListCustomModels", "bedrock:DeleteCustomModel"), deployed=True
    ),
    Cleaner("run", _runs, _forget_run, ("dynamodb:Query", "dynamodb:GetItem", "dynamodb:DeleteItem"), deployed=True),
    Cleaner("key", _keys, _forget_key, ("dynamodb:Query", "dynamodb:DeleteItem"), deployed=True),
    Cleaner(
        "folder",
        _folders,
        _empty_folder,
        ("s3:ListBucket", "s3:ListBucketVersions", "s3:DeleteObject", "s3:DeleteObjectVersion"),
        deployed=True,
    ),
)
