"""Check a dataset that is too large for one function in shards, each of which runs some of the workers.

What a worker leaves is an opaque folder of files. A shard writes those of its workers to storage under the run's
``work/`` prefix, each with a note when it is complete; whoever puts them together reads large files where they lie. A
shard may run twice, or be lost and run again: it writes the same bytes.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Literal

import orjson

import tailor
from tailor.datasets.prepare import Intake, ShardPlan
from tailor.datasets.scale.document_texts import DocumentTexts
from tailor.datasets.scale.media_shards import MediaShards
from tailor.datasets.scale.worker_files import StoredOutput
from tailor.errors import DatasetError, NotFoundError
from tailor.findings import Finding, from_error
from tailor.storage import Storage

Task = Literal["name", "fetch", "check"]
"""Work that a function does for a shard, or for a bucket of media (see ``media_shards``)."""

_PROBLEM = "problem.json"


def workers_of(plan: ShardPlan) -> int:
    """Return the workers of a shard: text is worth the function's second core, media are fetched by threads."""
    return 1 if plan.media_buckets else 2


@dataclass(frozen=True, slots=True)
class Shards:
    """Shards of a dataset, the same for every caller, each of ``each`` workers. ``folder`` is the run's
    own under ``work/``."""

    storage: Storage
    folder: str
    plan: ShardPlan
    each: int
    scratch: Path

    @property
    def workers(self) -> int:
        return self.plan.shards * self.each

    @property
    def outputs(self) -> StoredOutput:
        """Return the stored output of the workers."""
        return StoredOutput(self.storage, self._prefix, self.workers, self.scratch)

    @property
    def media(self) -> MediaShards:
        prefix = f"{self._prefix}media-{self.plan.media_buckets}/"
        return MediaShards(self.storage, prefix, self.workers, self.plan.media_buckets, self.scratch)

    @property
    def _prefix(self) -> str:
        """Return a prefix with the code's hash and the shard count, so that results of another version are never
        used."""
        return f"{self.folder}{code_stamp()}-{self.workers}/"

    def remaining(self, task: Task, number: int) -> Callable[[Intake], None] | None:
        """Return the remaining work of a shard, or of a bucket of media, as a callable; None if it is complete."""
        if task == "name":
            own = self._own(number)
            return None if self.media.named(own) else partial(self.media.name, own)
        if task == "fetch":
            missing = self.media.missing(number)
            return partial(self.media.fetch, number, missing) if missing else None
        return partial(self.check, number) if number in self.missing() else None

    def missing(self) -> list[int]:
        """Return the shards that are not complete."""
        complete = self.outputs.complete()
        return [number for number in range(self.plan.shards) if not complete.issuperset(self._own(number))]

    def check(self, number: int, intake: Intake) -> None:
        """Do a shard's share and store the result, or why it can't be done."""
        if intake.documents:
            DocumentTexts(self.storage, f"{self._prefix}documents/").share(number, self.plan.shards, intake)
        if self.plan.media_buckets:
            intake.know(self.media.known)
        try:
            local = intake.check(self.workers, self._own(number))
        except DatasetError as error:
            found = orjson.dumps(from_error(error))
            self.storage.write(f"{self.outputs.prefix}{_PROBLEM}", found, "application/json")
            return
        for worker in self._own(number):
            self.outputs.keep(worker, local.folder(worker))

    def problem(self) -> Finding | None:
        """Return why the dataset can't be checked, if a shard found that out."""
        try:
            return Finding(**orjson.loads(self.storage.read(f"{self.outputs.prefix}{_PROBLEM}")))
        except NotFoundError:
            return None

    def _own(self, number: int) -> range:
        return range(number * self.each, (number + 1) * self.each)


@cache
def code_stamp() -> str:
    """Eight hex digits that change with the code, its tables and the catalogue: a deployment may come between two
    shards."""
    digest = hashlib.sha256()
    library = Path(tailor.__file__).parent
    for path in sorted(path for path in library.rglob("*") if path.is_file() and path.suffix != ".pyc"):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:8]
