"""Preparing at scale: a dataset that is too large for one function is checked by many, each a shard of its rows.

A state machine (statemachines/prepare.asl.yaml) deals the shards out, and at its end has them put together. A shard
that is complete is never checked again, whatever happens to the execution that it was checked for
(:mod:`tailor.steps.machine`).
"""

from dataclasses import dataclass
from pathlib import Path

from tailor.datasets.prepare import Assignment, Deal, Intake, deal, weigh
from tailor.datasets.scale import Shards, workers_of
from tailor.events import Shard
from tailor.runs import Run, RunStore, State, find
from tailor.steps.machine import Account, Executions, Machine, functions_at_once
from tailor.steps.upload_request import read_request
from tailor.storage import Storage


def work_folder(run_id: str) -> str:
    """Where shards of a run leave their parts. It has a prefix of its own, by which S3 removes what is forgotten."""
    return f"work/{run_id}/"


@dataclass(frozen=True, slots=True)
class PrepareFanOut:
    """``above``: seconds of estimated work that one function does by itself. At most ``functions`` work at once."""

    executions: Executions
    account: Account
    above: float
    functions: int

    @property
    def machine(self) -> Machine:
        return Machine(self.executions, State.PREPARING, "report")

    def shards(self, run: Run, intake: Intake, bucket: Storage, scratch: Path) -> Shards | None:
        """How the dataset is dealt out; None where one function will do, and the recipe does not ask for more."""
        above = -1 if run.recipe.data.at_scale else self.above
        dealt = deal(weigh(intake.reader), above, self.functions)
        return _shards(run, dealt, bucket, scratch) if dealt else None

    def clear(self, run: Run, bucket: Storage) -> None:
        """Removes what shards of a run left behind."""
        bucket.delete(file.key for file in bucket.list(work_folder(run.id)))

    def begin(self, run: Run, shards: Shards, missing: list[int], runs: RunStore) -> Run:
        """Has what is missing checked, and before that the media fetched that it shows."""
        document = {
            "numbers": missing,
            "shards": shards.deal.shards,
            "media": list(range(shards.deal.parts)),
            "parts": shards.deal.parts,
            "functions": functions_at_once(self.functions, self.account),
        }
        return self.machine.hand_over(run, document, runs)

    def check(self, shard: Shard, *, bucket: Storage, runs: RunStore, bucket_owner: str, scratch: Path) -> bool:
        """Does one task; False where the run no longer waits for it. RetryableError where something can't be read or
        written now."""
        run = find(runs, shard.run)
        if run is None or not self.machine.awaits(run, shard.execution):
            return False
        problems, recipe, model = read_request(run, bucket)
        if problems or model is None:
            return False  # the dataset changed meanwhile: whoever puts the shards together says so
        left = _shards(run, Deal(shard.shards, shard.parts), bucket, scratch).left(shard.task, shard.number)
        if left:
            assignment = Assignment(bucket, run.prefix, bucket, run.files, recipe, model, bucket_owner, scratch)
            with Intake(assignment) as intake:
                left(intake)
        return True


def _shards(run: Run, dealt: Deal, bucket: Storage, scratch: Path) -> Shards:
    return Shards(bucket, work_folder(run.id), dealt, workers_of(dealt), scratch)
