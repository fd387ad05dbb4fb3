"""The whole pipeline in one process: the real steps over ports in memory, by a simulated clock.

A function is a :meth:`World.invoke` of a real step. Each of its writes and calls is a :meth:`World.call`, where the
function can be killed or where another delivery of the same event can overtake it.

Until something goes wrong, a world is as one in which nothing does. So it can :meth:`World.resume` from a
snapshot of that one, just before; and from where it is the same as that one again, it ends the same.
"""

import hashlib
import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any, ClassVar, Literal, cast

from tailor.catalog import KINDS, DeploymentKind
from tailor.errors import LostRaceError, NotFoundError, RetryableError, TailorError
from tailor.events import RUN_CHANGED, RUN_STALLED, OrphanFound, RunChanged
from tailor.llm import Asker
from tailor.notices.channels import SendResult
from tailor.notices.delivery import deliver
from tailor.notices.facts import Facts
from tailor.notices.messages import Notice, message_for_stall
from tailor.notices.wordings import wording_for
from tailor.run_records import AdoptedRecord
from tailor.runs import ACTORS, TERMINAL, Run, State
from tailor.serving.aliases import Alias
from tailor.steps.adopting import Adopting, adopt
from tailor.steps.asking import EvaluateFanOut, EvaluateServices
from tailor.steps.evaluate import evaluate
from tailor.steps.idle import IdleWatch
from tailor.steps.orphans import Sweep
from tailor.steps.ownership import OwnControl, Owner
from tailor.steps.prepare import prepare
from tailor.steps.preparing import PrepareFanOut, PrepareServices
from tailor.steps.provision import provision
from tailor.steps.publish import publish
from tailor.steps.reconcile import Reconciler
from tailor.steps.services import RunServices
from tailor.steps.track import track
from tailor.steps.train import TrainServices, train
from tailor.steps.trainers import SageMakerTrainer
from tailor.steps.uploading import LocalFile, begin
from tailor.storage import StoredFile
from tailor.training.line import JobQueue
from tailor.training.prices import PriceBook
from tests.unit.chaos import snapshots
from tests.unit.chaos.bedrock import ENDED, ClockedBedrock, ClockedTrainingJobs, Fate, Job
from tests.unit.chaos.snapshots import Queue, Snapshot, Work
from tests.unit.chaos.uploads import Treatment, UploadsQueue
from tests.unit.steps.fakes import NOW, MemoryAliases, MemoryRuns, OneFunction, unlimited
from tests.unit.versions import Versions

TREATMENTS: tuple[Treatment, ...] = ("delivered", "lost", "repeated", "delayed", "reordered")

LATENCY = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
RETRIES = (timedelta(minutes=1), timedelta(minutes=2))  # Lambda's, of an asynchronous invocation
AGAIN = timedelta(seconds=10)  # a stream tries again and again, and so does a person whose command was cut short
LEASE = timedelta(minutes=5)  # the time limit of prepare and evaluate
DUE_AFTER = timedelta(minutes=3)
ITEMS = (
    "training", "instance-hour", "preference-instance-hour", "storage", "input", "output", "custom-input",
    "custom-output", "provisioned",
)  # fmt: skip
CHEAP = {"nova-micro": dict.fromkeys(ITEMS, Decimal("0.0001"))}
DEAR = {"nova-micro": dict.fromkeys(ITEMS, Decimal(1000))}
MANY_ROUNDS = 500
ROLE = "arn:aws:iam::123456789012:role/tailor"
OWNER, NEIGHBOUR = Owner("tailor", "prod"), Owner("tailor-dev", "dev")
ADOPTED = {"source": "s3://customer-escrow-123456789012-a/elsewhere", "base": "nova-micro", "imported": True}
NEIGHBOURS_JOB = "colours-scenes-0123456789ab"


class Killed(BaseException):
    """The function is gone at once: nothing of it catches this, and no cleaning up is done."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """What goes wrong once, at call number ``at`` (from 1): the function is killed after it; or, before it, a second
    delivery of the same event runs from beginning to end, or a person does something (``act``). ``retried``: whether
    Lambda tries a killed one again."""

    kind: Literal["killed", "overtaken", "interfered"]
    at: int
    retried: bool = True
    act: Callable[["World"], None] = lambda world: None


class StreamedRuns(MemoryRuns):
    """Each write is a call of the step, and shows up in the stream."""

    def __init__(self, world: "World") -> None:
        super().__init__()
        self._world = world

    def create(self, run: Run) -> bool:
        return self._world.call("runs.create", partial(self._write, None, run, super().create))

    def save(self, run: Run) -> Run:
        return self._world.call("runs.save", partial(self._write, self.get(run.id), run, super().save))

    def _write[T](self, old: Run | None, run: Run, write: Callable[[Run], T]) -> T:
        written = write(run)
        if written:
            self._world.on_write(old, self.get(run.id))
        return written


class CalledAliases(MemoryAliases):
    def __init__(self, world: "World") -> None:
        super().__init__()
        self._world = world

    def save_alias(self, alias: Alias) -> Alias:
        return self._world.call("aliases.save", partial(super().save_alias, alias))


class CalledBedrock(ClockedBedrock):
    def __init__(self, world: "World", **settings: Any) -> None:
        super().__init__(lambda: world.now, on_change=world.on_job_change, **settings)
        self._world = world

    def create_job(self, request: Mapping[str, Any]) -> str:
        return self._world.call("bedrock.create_job", partial(super().create_job, request))

    def start(self, arn: str, tags: Mapping[str, str]) -> str:
        start = partial(super().start, arn, tags)
        return self._world.call("sagemaker.create", start) if ":sagemaker:" in arn else start()

    def create_model(self, request: Mapping[str, Any]) -> str:
        return self._world.call("bedrock.create_model", partial(super().create_model, request))

    def delete_model(self, identifier: str) -> None:
        self._world.call("bedrock.delete_model", partial(super().delete_model, identifier))

    def stop_job(self, identifier: str) -> None:
        self._world.call("bedrock.stop_job", partial(super().stop_job, identifier))

    def create_deployment(self, name: str, model_arn: str, **settings: Any) -> str:
        create = partial(super().create_deployment, name, model_arn, **settings)
        return self._world.call("bedrock.create_deployment", create)

    def delete_deployment(self, identifier: str, kind: DeploymentKind = "on-demand") -> None:
        for alias in self._world.aliases.items.values():
            assert identifier not in {version.deployment for version in alias.versions}, (
                "a name leads to what is deleted"
            )
        self._world.call("bedrock.delete_deployment", partial(super().delete_deployment, identifier, kind))

    def repoint_units(self, arn: str, model_arn: str, name: str) -> None:
        for alias in self._world.aliases.items.values():
            for version in alias.versions:
                own = self._world.runs.get(version.run).model_arn == model_arn
                assert own or version.deployment != arn, "a name leads to what answers with another model"
        self._world.call("bedrock.repoint_units", partial(super().repoint_units, arn, model_arn, name))


class MemoryStorage(Versions):
    def __init__(self, world: "World") -> None:
        self._world = world
        self.files: dict[str, bytes] = {}
        self.modified: dict[str, datetime] = {}

    def put(self, key: str, data: bytes) -> StoredFile:
        """What a team uploads."""
        self.files[key], self.modified[key] = data, self._world.now
        return next(self.list(key))

    def list(self, prefix: str = "") -> Iterator[StoredFile]:
        for key in sorted(key for key in self.files if key.startswith(prefix)):
            etag = hashlib.sha256(self.files[key]).hexdigest()
            yield StoredFile(key, len(self.files[key]), etag, self.modified.get(key, NOW))

    def open(self, key: str) -> BytesIO:
        return BytesIO(self.read(key))

    def read(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        if key not in self.files:
            raise NotFoundError(f"there is no file {key}")
        return self.files[key][start : None if length is None else start + length]

    def write(self, key: str, data: bytes, content_type: str = "") -> None:
        self._world.call("bucket.write", partial(self.keep, key, data))

    def keep(self, key: str, data: bytes) -> None:
        self.files[key] = data

    def upload(self, key: str, path: Path, content_type: str = "") -> None:
        self.write(key, path.read_bytes(), content_type)

    def delete(self, keys: Iterable[str]) -> None:
        for key in list(keys):
            self._world.call("bucket.delete", partial(self.files.pop, key, None))

    def uri(self, key: str) -> str:
        return f"s3://tailor-data/{key}"


@dataclass
class Apps:
    """Apps that never call a live version. ``asked``: when one called a paused one."""

    asked: dict[datetime, datetime] = field(default_factory=dict)

    def last_call(self, project: str, since: datetime) -> datetime | None:
        return None

    def return_asked(self, project: str, paused_at: datetime) -> datetime | None:
        return self.asked.get(paused_at)


class CalledBus:
    def __init__(self, world: "World") -> None:
        self._world = world

    def send(self, detail_type: str, changes: Sequence[RunChanged]) -> None:
        self._world.call("bus.send", partial(self._world.on_announced, detail_type, changes))


@dataclass(frozen=True, slots=True)
class Found:
    """A bus that notes orphans."""

    world: "World"

    def send(self, detail_type: str, changes: Sequence[OrphanFound]) -> None:
        self.world.orphans.extend(changes)


class MemoryOnce:
    """As :class:`tailor.aws.notices.SentOnce`: the note is made after the channel's answer; a reservation ends with the
    time limit of the invocation that made it."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._known: dict[str, SendResult | datetime] = {}

    def __call__(self, key: str, send: Callable[[], SendResult]) -> SendResult:
        known = self._world.call("sent.reserve", partial(self._reserve, key))
        if known is not None:
            return known
        outcome = send()
        self._world.call("sent.note", partial(self._known.__setitem__, key, outcome))
        return outcome

    def _reserve(self, key: str) -> SendResult | None:
        """One conditional write."""
        known = self._known.get(key)
        if isinstance(known, SendResult):
            return known
        if known is not None and known > self._world.now:
            raise RetryableError("another invocation is sending this notice")
        self._known[key] = self._world.now + MINUTE
        return None


@dataclass
class CountingChannel:
    world: "World"
    name: str
    sent: Counter[str] = field(default_factory=Counter)

    def send(self, message: Notice) -> SendResult:
        self.world.call(f"{self.name}.send", partial(self.sent.update, [message.id]))
        return SendResult(sent=True)


class World:
    latest: ClassVar["World"]

    def __init__(
        self,
        *,
        fates: Sequence[Fate] = ("completes",),
        deployment_failures: Sequence[str] = (),
        models_take: timedelta = timedelta(),
        treatments: Sequence[Treatment] = ("delivered",) * 3,
        on_state: Callable[["World", Run], None] = lambda world, run: None,
        quota: int = 10,
        model_units: int = 10,
        length: timedelta = ENDED,
        notices: bool = True,
    ) -> None:
        self.now, self._treatments, self._notices = NOW, treatments, notices
        self._on_state, self.started = on_state, NOW
        self._trouble: Trouble | None = None
        self._queue: Queue = []
        self._order = 0
        self.next_round, self._rounds, self._rested = NOW + MINUTE, 0, 0
        self._handler = Work(World.at_rest)
        self._inside = ""
        self.calls: list[str] = []
        self.met: str | None = None
        self.rejoined = False  # after a trouble: from here on all goes as without it
        self.prices: Mapping[str, Mapping[str, Decimal]] = CHEAP
        self.runs, self.aliases, self.bucket, self.bus = (
            StreamedRuns(self),
            CalledAliases(self),
            MemoryStorage(self),
            CalledBus(self),
        )
        self.bedrock = CalledBedrock(
            self,
            fates=fates,
            deployment_failures=deployment_failures,
            models_take=models_take,
            quota=quota,
            model_units=model_units,
            length=length,
        )
        self.control = OwnControl(self.bedrock, OWNER)
        self.neighbours: list[str] = []
        if notices:
            self.bedrock.another_trains(NEIGHBOURS_JOB, NEIGHBOUR.tags)
            self.another_serves(NEIGHBOURS_JOB)
        self.once = MemoryOnce(self)
        self.uploads = UploadsQueue(self)
        self.channels = (CountingChannel(self, "sns"), CountingChannel(self, "slack"))
        jobs = ClockedTrainingJobs(self.bedrock, lambda: self.now, self.bucket.keep)
        self.sagemaker = SageMakerTrainer(jobs, self.control, self.bucket, OWNER, role_arn=ROLE, import_role_arn=ROLE)
        self.services = RunServices(self.runs, self.control, self.aliases, self.sagemaker)
        self.orphans: list[OrphanFound] = []
        self.apps = Apps()
        line = JobQueue(self.bedrock, unlimited(self.runs))
        self.reconciler = Reconciler(
            self.services,
            self.bus,
            line,
            DUE_AFTER,
            self.uploads.folders,
            self.uploads.wake_ups,
            sweep=self._sweep(),
            idle=IdleWatch(self.apps),
        )
        self.unlooked: dict[str, str] = {}
        self.lost: list[LostRaceError] = []
        self._parts = (
            *(self, self.runs, self.aliases, self.bucket, self.bedrock, jobs, self.once, self.apps, *self.channels),
            *(self.uploads, self.uploads.folders, self.uploads.answers),
        )
        World.latest = self

    def _sweep(self) -> Sweep:
        """Sweep each minute, with little grace: what a run needs must never be among what is found."""
        return Sweep(Found(self), MINUTE, 3 * MINUTE, dict.fromkeys(KINDS, 3 * MINUTE))

    # ------------------------------------------------------------ the other stack of the account

    def another_serves(self, name: str) -> None:
        """Give the other stack a deployment of this name, which must not be touched."""
        self.neighbours.append(name)
        self.bedrock.another_serves(name, NEIGHBOUR.tags)

    @property
    def own_jobs(self) -> list[Job]:
        return [job for job in self.bedrock.jobs.values() if OWNER.owns(job.tags)]

    @property
    def own_deployments(self) -> list[str]:
        return [arn for arn, found in self.bedrock.deployments.items() if OWNER.owns(found["tags"])]

    # ------------------------------------------------------------ time, functions, calls

    def at(self, moment: datetime, act: Callable[..., object], *given: Any, **named: Any) -> None:
        """Have ``act`` be called with the world and the rest of the arguments."""
        self._order += 1
        heapq.heappush(self._queue, (max(moment, self.now), self._order, Work(act, given, named)))

    def call[T](self, label: str, work: Callable[[], T]) -> T:
        """One write or call of the function that runs now."""
        if not self._inside:
            return work()
        self.calls.append(f"{self._inside}: {label}")
        trouble = self._trouble if self._trouble and self.met is None and len(self.calls) == self._trouble.at else None
        if trouble:
            self.met = self.calls[-1]
            self._come_between(trouble)
        result = work()
        if trouble and trouble.kind == "killed":
            raise Killed
        return result

    def _come_between(self, trouble: Trouble) -> None:
        interrupted = (self._inside, self._handler)
        if trouble.kind == "overtaken":
            self.invoke(*interrupted)
        self._inside = ""
        trouble.act(self)
        self._inside, self._handler = interrupted

    def invoke(
        self,
        function: str,
        handler: Work,
        retries: Sequence[timedelta] = RETRIES,
        *,
        again: timedelta | None = None,
    ) -> None:
        """An asynchronous invocation. ``again``: after how long somebody tries once more where Lambda does not."""
        self._inside, self._handler = function, handler
        try:
            self.call("begin", lambda: None)
            handler(self)
        except (Killed, TailorError) as failure:
            if function == "person" and isinstance(failure, LostRaceError):
                self.lost.append(failure)
            retried = not isinstance(failure, Killed) or self._trouble is None or self._trouble.retried
            if retried and retries:
                self.at(self.now + retries[0], World.invoke, function, handler, retries[1:], again=again)
            elif again:
                self.at(self.now + again, World.invoke, function, handler, again=again)
        finally:
            self._inside = ""

    def run_until_settled(self) -> None:
        while self.step():
            pass

    def step(self) -> bool:
        """Do what comes next; return whether anything did. Reconcile has its round every minute, until two of them in a
        row find all runs at rest."""
        World.latest = self
        if not self.awaits_round:
            self.now, _, work = heapq.heappop(self._queue)
            work(self)
            return True
        self.now = self.next_round
        self._rested = self._rested + 1 if not self._queue and self.at_rest() else 0
        if self._rested > 2:
            return False
        self._rounds += 1
        runs = self.runs.items.values()
        assert self._rounds <= MANY_ROUNDS, f"never came to rest: {[(run.id, run.state) for run in runs]}"
        self.invoke("reconcile", Work(World._reconcile), ())
        self.next_round += MINUTE
        return True

    @property
    def awaits_round(self) -> bool:
        """Return whether nothing comes before reconcile's next round."""
        return not self._queue or self._queue[0][0] > self.next_round

    # ------------------------------------------------------------ worlds that are the same so far, or again

    def snapshot(self) -> Snapshot:
        """Return what the world holds between two steps."""
        return snapshots.take(self._parts)

    def resume(self, snapshot: Snapshot, trouble: Trouble | None = None, met: str | None = None) -> None:
        """Become what another world of these settings was, which a trouble awaits or has met."""
        snapshots.put_back(self._parts, snapshot)
        self._trouble, self.met = trouble, met

    def deciding(self) -> Snapshot:
        """Return what all that comes from here depends on."""
        return snapshots.take_what_decides(self._parts)

    def goes_on_as(self, deciding: Snapshot) -> bool:
        """Return whether all that comes from here is what came from there."""
        return snapshots.is_same(self._parts, deciding)

    def leave_unchecked(self) -> None:
        """Write without asking a table what it takes and gives back: test_undisturbed does, of the same."""
        self.runs.checked = self.aliases.checked = self.uploads.folders.checked = False

    def at_rest(self) -> bool:
        at_rest = bool(self.runs.items) and all(map(self._rests, self.runs.items.values()))
        return at_rest and not self.uploads.folders.filling()

    def _rests(self, run: Run) -> bool:
        wanted = run.recipe.deployment
        changes = wanted.ends_at(self.now) or wanted.idle_hours
        paused = self.aliases.alias(run.project).paused if run.state == State.PAUSED else None
        if paused and paused.returns == "call" and not self.apps.return_asked(run.project, paused.at):
            return not wanted.ends_at(self.now)
        return run.state in TERMINAL or (run.state == State.LIVE and not changes)

    def calls_what_is_paused(self, project: str) -> None:
        """An app calls a paused version: its wish is recorded once."""
        if paused := self.aliases.alias(project).paused:
            self.apps.asked.setdefault(paused.at, self.now)

    def by_hand(self, after: timedelta, act: Callable[..., object], *given: Any) -> None:
        """A person does something, and tries again where the command was cut short."""
        self.at(self.now + after, World.invoke, "person", Work(act, given), (), again=AGAIN)

    # ------------------------------------------------------------ what follows from what

    def upload(
        self,
        project: str = "colours",
        dataset: str = "scenes",
        recipe: str = "model: nova-micro",
        treatments: Sequence[Treatment] = ("delivered", "delivered"),
    ) -> None:
        """Upload a data file and a recipe. ``treatments``: what becomes of the message about each."""
        prefix = f"uploads/{project}/{dataset}/"
        files = {prefix + "data.jsonl": b"{}", prefix + "tailor.yaml": recipe.encode()}
        for (key, data), treatment in zip(files.items(), treatments, strict=True):
            self.uploads.announce(self.bucket.put(key, data), treatment)

    def adopt(self, recipe: str, project: str = "colours", dataset: str = "scenes") -> None:
        """Upload a dataset without ending that, and have a person adopt a checkpoint to be measured on it."""
        prefix = f"uploads/{project}/{dataset}/"
        files = {"data.jsonl": b"{}", "tailor.yaml": recipe.encode()}
        planned = [LocalFile(name, len(data), 1) for name, data in files.items()]
        begin(planned, cast("Any", self.bucket), prefix, by="person:linh", now=self.now)
        for name, data in files.items():
            self.uploads.announce(self.bucket.put(prefix + name, data), "delivered")
        self.by_hand(MINUTE, World._adopt, project, dataset)

    def _adopt(self, project: str, dataset: str) -> None:
        services = Adopting(cast("Any", self.bucket), self.runs, self.control, OWNER.stack)
        origin = AdoptedRecord.model_validate(ADOPTED)
        adopt(project, origin, services, dataset=dataset, by="person:linh", reason="", now=self.now)

    def on_write(self, old: Run | None, new: Run) -> None:
        self.at(self.now + LATENCY, World.invoke, "publish", Work(World._publish, (old, new)), (), again=AGAIN)
        if old is None or old.state != new.state:
            self._on_state(self, new)

    def on_announced(self, detail_type: str, changes: Sequence[RunChanged]) -> None:
        for change in changes:
            if detail_type == RUN_STALLED:
                self._soon("notify", World._notify_stall, change.run)
            if change.state in ACTORS:
                step = ACTORS[change.state]
                self._soon(step, getattr(World, f"_{step}"), change.run)
            if detail_type == RUN_CHANGED and self._notices:
                self._soon("notify", World._notify, change)

    def _soon(self, function: str, act: Callable[..., object], *given: Any) -> None:
        self.at(self.now + LATENCY, World.invoke, function, Work(act, given))

    def on_job_change(self, job: Job, moments: Sequence[datetime]) -> None:
        """Bedrock's events: at best once, at any time, in any order."""
        treatments = self._treatments[-len(moments) :]
        for index, (moment, treatment) in enumerate(zip(moments, treatments, strict=True)):
            neighbour = moments[index + 1] if index + 1 < len(moments) else moment + LATENCY
            arrivals = {
                "delivered": [moment],
                "lost": [],
                "repeated": [moment, moment, moment + MINUTE / 2],
                "delayed": [moment + 20 * MINUTE],
                "reordered": [neighbour + LATENCY],
            }[treatment]
            for arrival in arrivals:
                self.at(arrival + LATENCY, World.invoke, "track", Work(World._track, (job.arn,)))

    # ------------------------------------------------------------ the functions, as functions/*/app.py call the steps

    def _publish(self, old: Run | None, new: Run) -> None:
        publish(old, new, bus=self.bus)

    def _prepare(self, run_id: str) -> None:
        services = PrepareServices(
            bucket=self.bucket,
            runs=self.runs,
            bucket_owner="123456789012",
            fan_out=cast("PrepareFanOut", OneFunction(State.PREPARING)),
            offers=self.bedrock,
            region="us-east-1",
            prices=PriceBook(self.prices),
            asker=cast("Asker", None),
            aliases=self.aliases,
            training_jobs=True,
        )
        prepare(run_id, services, scratch=Path(), lease_seconds=LEASE.total_seconds(), now=self.now)

    def _train(self, run_id: str) -> None:
        services = TrainServices(
            bucket=self.bucket,
            bucket_name="tailor-data",
            runs=self.runs,
            control=self.control,
            role_arn="arn:aws:iam::123456789012:role/tailor-customization",
            budget_limit=Decimal(50),
            tags=OWNER.tags,
            offers=self.bedrock,
            region="us-east-1",
            spending=unlimited(self.runs),
            sagemaker=self.sagemaker,
            import_role_arn=ROLE,
        )
        train(run_id, services, now=self.now)

    def _track(self, job_arn: str) -> None:
        track(job_arn, runs=self.runs, trainers=self.services.trainers, now=self.now)

    def _provision(self, run_id: str) -> None:
        provision(run_id, self.services, tags=OWNER.tags, now=self.now)

    def _evaluate(self, run_id: str) -> None:
        fan_out = cast("EvaluateFanOut", OneFunction(State.EVALUATING))
        services = EvaluateServices(
            self.bucket, self.runs, cast("Asker", None), self.aliases, fan_out, region="us-east-1"
        )
        evaluate(run_id, services, seconds_left=lambda: LEASE.total_seconds(), now=self.now)

    def _notify(self, change: RunChanged) -> None:
        """What a message says has tests of its own."""
        run = self.runs.get(change.run)
        if wording_for(Facts(run, run.change(change.sequence))) is None:
            return
        what = {name: getattr(change, name) for name in ("run", "project", "dataset", "state", "sequence", "at")}
        self._tell(Notice(**what, severity="info", title="", text="", next_step=""))

    def _notify_stall(self, run_id: str) -> None:
        if message := message_for_stall(self.runs.get(run_id)):
            self._tell(message)

    def _tell(self, message: Notice) -> None:
        if deliver(message, self.channels, self.once).failures:
            raise RetryableError("a channel failed")

    def _reconcile(self) -> None:
        self.unlooked |= self.reconciler.round(self.now).failed
