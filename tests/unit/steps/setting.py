"""Runs, Bedrock, names and the bus in memory, and the steps as their functions call them."""

from datetime import timedelta
from typing import Any

from tailor.runs import Run, State
from tailor.serving.aliases import Offline
from tailor.steps.provision import provision
from tailor.steps.reconcile import Reconciler
from tailor.steps.services import RunServices
from tailor.steps.steer import approve, decline, promote_by_hand, retire, retry, roll_back, stop, take_offline
from tailor.training.line import JobQueue
from tests.unit.steps.fakes import (
    ARN,
    NOW,
    DatedStorage,
    MemoryAliases,
    MemoryBus,
    MemoryControl,
    MemoryFolders,
    MemoryQueue,
    MemoryRuns,
    MemoryWakeUps,
    OpenRegion,
    a_run,
    unlimited,
)

JOB = f"{ARN}:model-customization-job/amazon.nova-lite-v1:0:300k/abcdefghi123"
MODEL = f"{ARN}:custom-model/amazon.nova-lite-v1:0:300k/abcdefghi123"
DEPLOYMENT = f"{ARN}:custom-model-deployment/abcdefghi123"


def measured_with(live: Run) -> dict[str, Any]:
    return {"live": live.deployment_arn}


class Setting:
    def __init__(self) -> None:
        self.runs, self.control, self.aliases, self.bus = MemoryRuns(), MemoryControl(), MemoryAliases(), MemoryBus()
        self.bucket = DatedStorage()
        self.folders, self.wake_ups = MemoryFolders(), MemoryWakeUps()
        self.queues: dict[str, MemoryQueue] = {}

    @property
    def services(self) -> RunServices:
        """As they are by now: tests put others in their places."""
        return RunServices(self.runs, self.control, self.aliases)

    def add(self, state: State, id: str = "colours-scenes-0123456789ab", **fields: Any) -> Run:
        run = a_run(state, id, **fields)
        self.runs.create(run)
        return run

    def training(self, **job: Any) -> Run:
        run = self.add(State.TRAINING, job={"arn": JOB})
        self.control.jobs[JOB] = {"jobArn": JOB, "jobName": run.id, "status": "InProgress"} | job
        return run

    def deployed(self, state: State, id: str = "colours-scenes-0123456789ab", **fields: Any) -> Run:
        arn = f"{ARN}:custom-model-deployment/{id[-12:]}"
        self.control.deployments[arn] = {"status": "Active", "modelArn": MODEL}
        return self.add(state, id, deployment={"arn": arn}, **fields)

    def provision(self, run: Run) -> Run | None:
        return provision(run.id, self.services, tags={}, now=NOW)

    def reconcile(self, after: timedelta = timedelta()) -> Any:
        line = JobQueue(OpenRegion(), unlimited(self.runs))
        reconciler = Reconciler(
            self.services, self.bus, line, timedelta(seconds=60), self.folders, self.wake_ups, self.queues
        )
        return reconciler.round(NOW + after)

    def promote(self, run: Run, reason: str = "we looked at the answers", after: timedelta = timedelta()) -> Run:
        by, now = "person:linh", NOW + after
        return promote_by_hand(run, self.services, by=by, reason=reason, now=now)

    def retry(self, run: Run, reason: str = "", by: str = "person:linh") -> Run:
        return retry(run, self.runs, bucket=self.bucket, by=by, reason=reason, now=NOW)

    def approve(self, run: Run) -> Run:
        return approve(run, self.runs, by="person:linh", reason="", now=NOW)

    def decline(self, run: Run) -> Run:
        return decline(run, self.runs, by="person:linh", reason="", now=NOW)

    def roll_back(self, to: str | None = None) -> Run:
        return roll_back("colours", self.services, to=to, by="p", reason="", now=NOW)

    def stop(self, run: Run) -> Run:
        return stop(run, self.services, **self._by_hand("wrong data"))

    def retire(self, run: Run) -> Run:
        return retire(run, self.services, **self._by_hand(""))

    def take_offline(self, reason: str = "wrong answers", after: timedelta = timedelta()) -> tuple[Offline, list[Run]]:
        return take_offline("colours", self.services, **self._by_hand(reason, after))

    def _by_hand(self, reason: str, after: timedelta = timedelta()) -> Any:
        return {"by": "person:linh", "reason": reason, "now": NOW + after}
