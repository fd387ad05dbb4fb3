"""Check a dataset in several functions, each with a shard of its rows, if it is too large for one.

A state machine (statemachines/prepare.asl.yaml) starts the shards and has them merged at its end. A shard that is
complete is never checked again, whatever becomes of the execution that started it (:mod:`tailor.steps.machine`).
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tailor.datasets.prepare import Assignment, Intake, OpenBucket, ShardPlan, estimate_work, plan_shards
from tailor.datasets.scale import Shards, workers_of
from tailor.events import Shard
from tailor.llm import Asker
from tailor.names import work_folder
from tailor.runs import Run, RunStore, State, find
from tailor.serving.aliases import AliasStore
from tailor.steps.frozen import frozen_upload
from tailor.steps.machine import AccountLimits, Executions, Machine, room
from tailor.steps.upload_request import read_request
from tailor.storage import Storage, VersionedStorage
from tailor.training.preflight import Offers
from tailor.training.prices import PriceBook

NO_PRICES = PriceBook()
"""No prices other than those of the catalogue."""


@dataclass(frozen=True, slots=True)
class PrepareFanOut:
    """Decides when a state machine checks the rows, and starts it.

    Attributes:
        above: seconds of estimated work that one function does by itself.
        functions: most functions at once.
    """

    executions: Executions
    account: AccountLimits
    above: float
    functions: int

    @property
    def machine(self) -> Machine:
        return Machine(self.executions, State.PREPARING, "report")

    def shards(self, run: Run, intake: Intake, bucket: Storage, scratch: Path) -> Shards | None:
        """Return the shards of the dataset; None if one function is enough and the recipe does not ask for more."""
        above = -1 if run.recipe.data.at_scale else self.above
        dealt = plan_shards(estimate_work(intake.reader), above, self.functions)
        return _shards(run, dealt, bucket, scratch) if dealt else None

    def clear(self, run: Run, bucket: Storage) -> None:
        """Delete the results of a run's shards."""
        bucket.delete(file.key for file in bucket.list(work_folder(run.files)))

    def begin(self, run: Run, shards: Shards, missing: list[int], runs: RunStore, now: datetime) -> Run:
        """Start an execution that fetches the media and then checks the missing shards; return the run. If too many
        executions run, the run waits."""
        free = room(self.functions, self.account)
        if self.machine.full(free):
            return self.machine.wait(run, runs, now)
        document = {
            "numbers": missing,
            "shards": shards.plan.shards,
            "media": list(range(shards.plan.media_buckets)),
            "parts": shards.plan.media_buckets,
            "functions": free.functions,
        }
        times = run.states.count(State.RECEIVED)  # names of executions are used once
        return self.machine.hand_over(run, document, runs, run.id if times == 1 else f"{run.id}-again-{times}")


@dataclass(frozen=True, slots=True)
class PrepareServices:
    """Services of preparing a dataset. ``offers`` guards money: no run is quoted that the Region would not train.

    ``asker`` does the headroom check; ``aliases`` tell whether an evaluation asks a live version too. ``prices`` come
    before those of the catalogue; ``open_bucket`` returns the bucket of a distillation's invocation logs;
    ``training_jobs``: the stack may submit training jobs to SageMaker.
    """

    bucket: VersionedStorage
    runs: RunStore
    bucket_owner: str
    fan_out: PrepareFanOut
    offers: Offers
    asker: Asker
    aliases: AliasStore
    region: str
    prices: PriceBook = NO_PRICES
    open_bucket: OpenBucket | None = None
    training_jobs: bool = False


def check_shard(shard: Shard, services: PrepareServices, scratch: Path) -> bool:
    """Do one task of an execution; return False if the run no longer waits for that execution.

    Raises:
        RetryableError: something can't be read or written now.
    """
    bucket, owner = services.bucket, services.bucket_owner
    run = find(services.runs, shard.run)
    if run is None or not services.fan_out.machine.awaits(run, shard.execution):
        return False
    upload = frozen_upload(run, bucket)
    problems, recipe, model = read_request(run, upload)
    if problems or model is None:
        return False  # the dataset changed since the run began; the merge reports it
    left = _shards(run, ShardPlan(shard.shards, shard.parts), bucket, scratch).remaining(shard.task, shard.number)
    if left:
        assignment = Assignment(upload, run.prefix, bucket, run.files, recipe, model, owner, scratch)
        with Intake(assignment) as intake:
            left(intake)
    return True


def _shards(run: Run, dealt: ShardPlan, bucket: Storage, scratch: Path) -> Shards:
    return Shards(bucket, work_folder(run.files), dealt, workers_of(dealt), scratch)
