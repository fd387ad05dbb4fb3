"""In-memory stand-ins for the ports of the steps: a table that really refuses stale writes, a bus that remembers."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, cast

from tailor import catalog
from tailor.aws.folders import folder_item, folder_of
from tailor.aws.items import as_item, plain
from tailor.aws.runs import of_item, to_item
from tailor.catalog import DeploymentKind
from tailor.errors import ConflictError, LostRaceError, NotAllowedError, NotFoundError
from tailor.events import UPLOAD_ANSWERED, RunChanged, UploadAnswered
from tailor.recipe import Recipe
from tailor.recipe_serving import TERMS, Commitment
from tailor.runs import Run, State
from tailor.serving.aliases import Alias
from tailor.steps.filling import Folder
from tailor.steps.machine import Execution, Machine
from tailor.steps.trainers import BedrockTrainer, Trainers
from tailor.storage import StoredFile
from tailor.training.spending import Ledger, MonthLimits, Spending
from tests.unit.steps.items import check_item
from tests.unit.versions import VersionedFolder

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
ARN = "arn:aws:bedrock:us-east-1:123456789012"


class MemoryRuns:
    """Keep runs as DynamoDB does: each is written and read as an item. ``checked``: false leaves that out, which saves
    half of a millisecond a write. ``meanwhile``: what others do just before the next writes, one before each."""

    checked = True

    def __init__(self) -> None:
        self.items: dict[str, Run] = {}
        self.meanwhile: list[Callable[[], object]] = []

    def get(self, run_id: str) -> Run:
        if run_id not in self.items:
            raise NotFoundError(run_id)
        return self.items[run_id]

    def create(self, run: Run) -> bool:
        if run.id in self.items:
            return False
        self.items[run.id] = self._kept(run)
        return True

    def save(self, run: Run) -> Run:
        if self.meanwhile:
            self.meanwhile.pop(0)()
        if self.items[run.id].revision != run.revision:
            raise LostRaceError(run.id)
        self.items[run.id] = self._kept(run.model_copy(update={"revision": run.revision + 1}))
        return self.items[run.id]

    def _kept(self, run: Run) -> Run:
        if not self.checked:
            return run
        return of_item(check_item(to_item(run), "id", "open", "changed_at", "project"))

    def open_runs(self, unreadable: list[str] | None = None, most: int | None = None) -> list[Run]:
        return sorted((run for run in self.items.values() if run.is_open), key=lambda run: run.history[-1].at)[:most]

    def project_runs(self, project: str) -> list[Run]:
        return [run for run in self.items.values() if run.project == project]

    def newest_runs(self, project: str, until: datetime | None = None, page: int | None = None) -> Iterator[Run]:
        found = sorted(self.project_runs(project), key=lambda run: run.history[-1].at, reverse=True)
        return (run for run in found if until is None or run.history[-1].at <= until)


class MemoryFolders:
    """``checked`` and ``meanwhile`` as in :class:`MemoryRuns`."""

    checked = True

    def __init__(self) -> None:
        self.items: dict[str, Folder] = {}
        self.meanwhile: list[Callable[[], object]] = []
        self.writes = 0

    def get(self, folder: str) -> Folder | None:
        return self.items.get(folder)

    def save(self, folder: Folder) -> Folder:
        if self.meanwhile:
            self.meanwhile.pop(0)()
        known = self.items.get(folder.folder)
        if (known.revision if known else 0) != folder.revision:
            raise LostRaceError(folder.folder)
        self.writes += 1
        written = folder.model_copy(update={"revision": folder.revision + 1})
        if self.checked:
            written = folder_of(check_item(folder_item(written), "folder", "filling", "project", "last_at"))
        self.items[folder.folder] = written
        return written

    def remove(self, folder: Folder) -> None:
        known = self.items.get(folder.folder)
        if known and known.revision != folder.revision:
            raise LostRaceError(folder.folder)
        self.items.pop(folder.folder, None)

    def filling(self) -> list[Folder]:
        return [folder for folder in self.items.values() if folder.is_filling]

    def of_project(self, project: str) -> list[Folder]:
        return [folder for folder in self.items.values() if folder.project == project]


class MemoryWakeUps:
    """Notes what is sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, timedelta]] = []

    def send(self, folder: str, after: timedelta) -> None:
        self.sent.append((folder, after))


class MemoryAnswers:
    def __init__(self) -> None:
        self.sent: list[UploadAnswered] = []

    def send(self, detail_type: str, changes: Sequence[UploadAnswered]) -> None:
        assert detail_type == UPLOAD_ANSWERED
        self.sent += changes


class MemoryAliases:
    """``checked`` and ``meanwhile`` as in :class:`MemoryRuns`."""

    checked = True

    def __init__(self) -> None:
        self.items: dict[str, Alias] = {}
        self.meanwhile: list[Callable[[], object]] = []

    def alias(self, project: str) -> Alias:
        return self.items.get(project, Alias(project=project))

    def save_alias(self, alias: Alias) -> Alias:
        if self.meanwhile:
            self.meanwhile.pop(0)()
        if self.alias(alias.project).revision != alias.revision:
            raise LostRaceError(alias.project)
        written = alias.model_copy(update={"revision": alias.revision + 1})
        if self.checked:
            written = Alias.model_validate(plain(check_item(as_item(written), "project")))
        self.items[alias.project] = written
        return written


class MemoryExecutions:
    """Executions by ARN; they run until a test says otherwise."""

    def __init__(self) -> None:
        self.found: dict[str, Execution] = {}
        self.inputs: list[Mapping[str, Any]] = []

    def execution(self, name: str) -> str:
        return f"arn:{name}"

    def start(self, name: str, document: Mapping[str, Any]) -> None:
        self.inputs.append(document)
        self.found.setdefault(self.execution(name), Execution(running=True, stopped_at=None))

    def find(self, execution: str) -> Execution | None:
        return self.found.get(execution)

    def running(self) -> int:
        return sum(execution.running for execution in self.found.values())

    def stop(self, execution: str) -> None:
        self.found[execution] = Execution(running=False, stopped_at=NOW)


class MemoryQueue:
    """A queue of a step in which so many events wait; None: one that can't be asked."""

    def __init__(self, events: int | None) -> None:
        self.events, self.asked = events, 0

    def waiting(self) -> int:
        self.asked += 1
        if self.events is None:
            raise NotAllowedError("sqs:GetQueueAttributes")
        return self.events


class MemoryAccount:
    """An account that may run so many functions at once; None: one that does not tell."""

    def __init__(self, limit: int | None = 1000) -> None:
        self.limit = limit

    def concurrency(self) -> int:
        if self.limit is None:
            raise NotAllowedError("lambda:GetAccountSettings")
        return self.limit


class OneFunction:
    """A fan-out for which everything is small: no execution is ever started."""

    def __init__(self, working: State) -> None:
        field: Literal["report", "evaluation"] = "report" if working == State.PREPARING else "evaluation"
        self.machine = Machine(MemoryExecutions(), working, field)

    def begin(self, *_: Any, **__: Any) -> None:
        return None

    def shards(self, *_: Any) -> None:
        return None


class MemoryBus:
    def __init__(self) -> None:
        self.sent: list[tuple[str, RunChanged]] = []

    def send(self, detail_type: str, changes: Sequence[RunChanged]) -> None:
        self.sent += [(detail_type, change) for change in changes]


def unlimited(runs: MemoryRuns) -> Spending:
    """A stack that limits no month, and so keeps no ledger."""
    return Spending(cast("Ledger", None), MonthLimits(), runs)


def trainers(control: Any) -> Trainers:
    """A stack that trains by Bedrock's jobs alone."""
    return Trainers(BedrockTrainer(control))


RESOURCES: Mapping[DeploymentKind, str] = {"on-demand": "custom-model-deployment", "provisioned": "provisioned-model"}


def deployment_arn(name: str, kind: DeploymentKind = "on-demand") -> str:
    return f"{ARN}:{RESOURCES[kind]}/{name[-12:]}"


class MemoryControl:
    """Jobs and deployments by ARN; ``fail`` makes the next call of an operation raise."""

    def __init__(self) -> None:
        self.jobs: dict[str, dict[str, Any]] = {}
        self.deployments: dict[str, dict[str, Any]] = {}
        self.model: dict[str, Any] = {"modelStatus": "Active"}  # all models at once
        self.requests: list[dict[str, Any]] = []
        self.fail: dict[str, Exception] = {}

    def _maybe_fail(self, operation: str) -> None:
        if error := self.fail.pop(operation, None):
            raise error

    def create_job(self, request: Any) -> str:
        self._maybe_fail("create_job")
        self.requests.append(dict(request))
        arn = f"{ARN}:model-customization-job/amazon.nova-lite-v1:0:300k/{request['jobName'][-12:]}"
        self.jobs.setdefault(arn, {"jobArn": arn, "jobName": request["jobName"], "status": "InProgress"})
        return arn

    def get_job(self, job: str) -> dict[str, Any]:
        self._maybe_fail("get_job")
        return self.jobs[job]

    def stop_job(self, identifier: str) -> None:
        self._maybe_fail("stop_job")
        if identifier not in self.jobs:
            raise NotFoundError(identifier)
        self.jobs[identifier]["status"] = "Stopped"

    def get_model(self, identifier: str) -> dict[str, Any]:
        self._maybe_fail("get_model")
        return self.model

    def create_model(self, request: Any) -> str:
        self._maybe_fail("create_model")
        self.requests.append(dict(request))
        return f"{ARN}:custom-model/imported/{request['modelName'][-12:]}"

    def list_models(self) -> list[dict[str, Any]]:
        return []

    def delete_model(self, identifier: str) -> None:
        self._maybe_fail("delete_model")

    def create_deployment(
        self,
        name: str,
        model_arn: str,
        *,
        tags: Any,
        kind: DeploymentKind = "on-demand",
        units: int = 1,
        commitment: Commitment | None = None,
    ) -> str:
        self._maybe_fail("create_deployment")
        arn = deployment_arn(name, kind)
        made = {"arn": arn, "name": name, "created": NOW, "modelArn": model_arn, "status": "Creating", "units": units}
        if commitment:
            made |= {"commitment": commitment, "commitmentExpirationTime": NOW + TERMS[commitment]}
        self.deployments.setdefault(arn, made)
        return arn

    def get_deployment(self, arn: str, kind: DeploymentKind = "on-demand") -> dict[str, Any]:
        self._maybe_fail("get_deployment")
        if arn not in self.deployments:
            raise NotFoundError(arn)
        return self.deployments[arn]

    def list_deployments(self, kind: DeploymentKind = "on-demand") -> list[dict[str, Any]]:
        self._maybe_fail("list_deployments")
        return [{"arn": arn, **found} for arn, found in self.deployments.items() if f":{RESOURCES[kind]}/" in arn]

    def repoint_units(self, arn: str, model_arn: str, name: str) -> None:
        self._maybe_fail("repoint_units")
        if arn not in self.deployments:
            raise NotFoundError(arn)
        self.deployments[arn] |= {"desired": model_arn, "name": name}

    def delete_deployment(self, arn: str, kind: DeploymentKind = "on-demand") -> None:
        self._maybe_fail("delete_deployment")
        if not arn.startswith("arn:"):
            known = self.deployments.get(deployment_arn(arn, kind), {})
            if known.get("name", arn) != arn:
                return  # model units that another run took over have its name
            arn = deployment_arn(arn, kind)
        if self.deployments.get(arn, {}).get("commitment"):
            return
        if self.deployments.get(arn, {}).get("status") == "Creating":
            raise ConflictError("The custom model deployment can't be deleted while it is being created.")
        self.deployments.pop(arn, None)


_PATHS: dict[State, list[State]] = {
    State.RECEIVED: [],
    State.PREPARING: [State.PREPARING],
    State.PREPARED: [State.PREPARING, State.PREPARED],
}
_PATHS[State.AWAITING_APPROVAL] = [*_PATHS[State.PREPARED], State.AWAITING_APPROVAL]
_PATHS[State.APPROVED] = [*_PATHS[State.AWAITING_APPROVAL], State.APPROVED]
_PATHS[State.SUPERSEDED] = [*_PATHS[State.AWAITING_APPROVAL], State.SUPERSEDED]
_PATHS[State.TRAINING] = [*_PATHS[State.PREPARED], State.TRAINING]
_PATHS[State.TRAINED] = [*_PATHS[State.TRAINING], State.TRAINED]
_PATHS[State.DEPLOYING] = [*_PATHS[State.TRAINED], State.DEPLOYING]
_PATHS[State.DEPLOYED] = [*_PATHS[State.DEPLOYING], State.DEPLOYED]
_PATHS[State.EVALUATING] = [*_PATHS[State.DEPLOYED], State.EVALUATING]
for _verdict in (State.PASSED, State.FAILED, State.INCONCLUSIVE, State.EVALUATION_FAILED):
    _PATHS[_verdict] = [*_PATHS[State.EVALUATING], _verdict]
_PATHS[State.LIVE] = [*_PATHS[State.PASSED], State.LIVE]
_PATHS[State.STANDBY] = [*_PATHS[State.LIVE], State.STANDBY]
_PATHS[State.PAUSED] = [*_PATHS[State.LIVE], State.PAUSED]
_PATHS[State.RETIRED] = [*_PATHS[State.FAILED], State.RETIRED]
_PATHS[State.DEPLOY_FAILED] = [*_PATHS[State.DEPLOYING], State.DEPLOY_FAILED]
_PATHS[State.RESTORING] = [*_PATHS[State.RETIRED], State.RESTORING]


LINE = {"item": "training", "title": "Training", "every": "once", "low": "3", "expected": "4", "high": "5", "how": ""}
QUOTE: dict[str, Any] = {"model": "nova-lite", "method": "fine-tuning", "lines": [LINE]}


def a_run(state: State, id: str = "colours-scenes-0123456789ab", *, at: datetime = NOW, **fields: Any) -> Run:
    """A run that came to ``state`` by the usual way, one second a step, ending at ``at``."""
    path = _PATHS[state]
    moment = at - timedelta(seconds=len(path))
    values: dict[str, Any] = {
        "project": "colours",
        "dataset": "scenes",
        "prefix": "uploads/colours/scenes/",
        "fingerprint": "0123456789ab" + "0" * 52,
        "recipe": Recipe(),
    }
    run = Run.start(now=moment, id=id, **(values | fields))
    for step in path:
        moment += timedelta(seconds=1)
        run = run.moved(step, by="test", now=moment)
    return run


class DatedStorage(VersionedFolder):
    """A listing without contents, whose files have the entity tags and times that a test gives them."""

    def __init__(self) -> None:
        self.files: dict[str, StoredFile] = {}

    def put(self, key: str, etag: str, modified: datetime, size: int = 1) -> None:
        """Like S3, which tells the time to the second."""
        self.files[key] = StoredFile(key, size, etag, modified.replace(microsecond=0))

    def remove(self, *keys: str) -> None:
        for key in keys:
            del self.files[key]

    def content(self, key: str) -> bytes:
        return b""

    def write(self, key: str, data: bytes, content_type: str = "application/octet-stream") -> None:
        """Forget it: nothing that a step writes is looked at."""

    def list(self, prefix: str = "") -> Iterator[StoredFile]:
        yield from (self.files[key] for key in sorted(self.files) if key.startswith(prefix))

    def read(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        return b""


class OpenRegion:
    """A Region that offers every model for every method, and has no jobs or models of its own yet."""

    def foundation_models(self, customization: str | None = None) -> list[dict[str, Any]]:
        return [{"modelId": identifier} for model in catalog.models() for identifier in model.ids]

    def foundation_model(self, identifier: str) -> dict[str, Any] | None:
        return {"modelId": identifier, "modelLifecycle": {"status": "ACTIVE"}}

    def open_jobs(self) -> list[dict[str, Any]]:
        return []

    def find_job(self, name: str) -> dict[str, Any] | None:
        return None

    def find_model(self, name: str) -> dict[str, Any] | None:
        return None

    def guardrail(self, identifier: str, version: str) -> dict[str, Any] | None:
        return {"status": "READY"}
