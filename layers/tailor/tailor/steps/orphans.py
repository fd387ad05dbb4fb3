"""Remove what no run needs: leftovers of killed functions and failed deletions, and models past their retention.

A deployment or model units carry the tags of their stack and run. Young ones are left alone: the function that made one
may be about to write that down.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from tailor.catalog import KINDS, DeploymentKind
from tailor.errors import ConflictError, NotFoundError
from tailor.events import ORPHAN_FOUND, OrphanFound
from tailor.runs import Run, State, find
from tailor.steps.models import BY, delete_models, retention_over
from tailor.steps.ownership import OwnControl
from tailor.steps.provision import deployment_names
from tailor.steps.services import RunServices
from tailor.training.request import run_id_of

# Model units bill by the hour. An on-demand deployment costs nothing while idle, and may be somebody's who looks on.
REMOVED_AFTER: dict[DeploymentKind, timedelta] = {
    "provisioned": timedelta(minutes=15),
    "on-demand": timedelta(hours=24),
}
TITLES: Mapping[DeploymentKind, str] = {"provisioned": "provisioned throughput", "on-demand": "a deployment"}
WHY = "no run needs it, because a deletion failed or a function was cut short"
MODEL = "a custom model"
_MADE_NEXT = frozenset({State.TRAINED, State.RESTORING})


class OrphanBus(Protocol):
    def send(self, detail_type: str, changes: Sequence[OrphanFound]) -> None:
        """Announce orphans. Raises RetryableError."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """``every``: rounds (minutes) from one sweep to the next; ``grace``: minimum age of a reported orphan."""

    bus: OrphanBus
    every: timedelta = timedelta(minutes=15)
    grace: timedelta = timedelta(minutes=15)
    removed_after: Mapping[DeploymentKind, timedelta] = field(default_factory=lambda: REMOVED_AFTER)

    def is_time(self, now: datetime) -> bool:
        return now.minute % max(1, round(self.every.total_seconds() / 60)) == 0

    def run(
        self, open_runs: Iterable[Run], unreadable: Iterable[str], services: RunServices, now: datetime
    ) -> list[OrphanFound]:
        """Report what no run needs, remove the older part of it, and return all that was found."""
        control = services.control
        if not isinstance(control, OwnControl):
            return []
        needed, hidden, found = Needed(open_runs), tuple(unreadable), list[OrphanFound]()
        for kind in KINDS:
            for each in control.list_deployments(kind):
                age = now - each["created"]
                # The run of one whose row this version can't read may need it.
                if age < self.grace or needed.has(each) or (hidden and str(each["name"]).startswith(hidden)):
                    continue
                tags = control.own_tags(str(each["arn"]))
                if tags is None or self._is_needed_after_all(each, tags, services):
                    continue
                found.append(self._handle(kind, each, tags, control, now))
        found += self._models(services, now)
        if found:
            self.bus.send(ORPHAN_FOUND, found)
        return found

    def _models(self, services: RunServices, now: datetime) -> Iterator[OrphanFound]:
        """Delete the models whose runs' recipes no longer keep them."""
        names = {run_id_of(str(each["modelName"])) for each in services.control.list_models()}
        for run in (find(services.runs, name) for name in sorted(names)):
            deleted = run.job.model_deleted if run and run.job else None
            # One whose deletion is noted and that is still there: Bedrock refused it, or did not answer.
            why = deleted.reason if deleted else retention_over(run, now) if run else ""
            if run is None or not why:
                continue
            with suppress(ConflictError, NotFoundError):  # somebody has it deployed again just now
                delete_models(run, services, by=BY, reason=why, now=now)
                yield OrphanFound(
                    id=f"model-{run.id}-removed",
                    project=run.project,
                    run=run.id,
                    arn=run.model_arn,
                    what=MODEL,
                    why=why,
                    removed=True,
                    hours=0,
                    at=now,
                )

    def _is_needed_after_all(self, each: Mapping[str, Any], tags: Mapping[str, str], services: RunServices) -> bool:
        """Read the run again, since the list of open runs may be outdated. A name that leads to it keeps it too."""
        run = find(services.runs, tags["run"]) if tags.get("run") else None  # the table takes no empty key
        if run is not None and run.is_open and Needed([run]).has(each):
            return True
        project = tags.get("project", "")
        versions = services.aliases.alias(project).versions if project else ()
        return any(version.deployment == each["arn"] for version in versions)

    def _handle(
        self, kind: DeploymentKind, each: Mapping[str, Any], tags: Mapping[str, str], control: OwnControl, now: datetime
    ) -> OrphanFound:
        arn, removed = str(each["arn"]), False
        kept, why = self.removed_after[kind], WHY
        bound = each.get("commitmentExpirationTime")
        if bound is not None and bound > now:
            kept = max(kept, bound - each["created"])
            why = f"{WHY}; it is committed until {bound:%Y-%m-%d %H:%M} UTC, and Bedrock deletes it no earlier"
        if now - each["created"] >= kept:
            try:
                control.delete_deployment(arn)
                removed = True
            except ConflictError:
                removed = False  # it is still being made; the next sweep tries again
        return OrphanFound(
            id=f"orphan-{arn.rsplit('/', 1)[-1]}-{'removed' if removed else 'found'}",
            project=tags.get("project") or "unknown",
            run=tags.get("run", ""),
            arn=arn,
            what=TITLES[kind],
            why=why,
            removed=removed,
            hours=round(kept.total_seconds() / 3600, 2),
            at=now,
        )


class Needed:
    """The deployments that open runs need: those they have, and those they are about to record."""

    def __init__(self, runs: Iterable[Run]) -> None:
        self._arns, self._names = set[str](), set[str]()
        for run in runs:
            if run.deployment is not None:
                self._arns.add(run.deployment.arn)
            elif run.state in _MADE_NEXT:
                self._names.add(deployment_names(run)[-1])

    def has(self, each: Mapping[str, Any]) -> bool:
        return each["arn"] in self._arns or each["name"] in self._names
