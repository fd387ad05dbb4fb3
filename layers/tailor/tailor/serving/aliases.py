"""Live versions: the version that a project's name points to, the previous ones, and the operations that change them.

An alias is one item, written on condition that it has not changed since it was read: of two promotions at the same
moment one fails, and a promotion names the version that it expects to replace.
"""

from datetime import UTC, datetime
from typing import Literal, Protocol

from pydantic import Field

from tailor.errors import ConflictError, LostRaceError, NotFoundError
from tailor.records import Record

BASE = "base:"
"""Begins the base model's name wherever versions are named, and that of its prices."""
Returns = Literal["call", "opening", "verdict"]
ImageFormat = Literal["png", "jpeg", "gif", "webp"]
VideoFormat = Literal["mp4", "mov", "mkv", "webm"]


class MediaRules(Record):
    """Media that a request may carry. The defaults are Converse's documented limits; ``images`` 0: no images."""

    images: int = Field(default=20, ge=0)
    image_bytes: int = Field(default=3_932_160, ge=1, description="3.75 MiB, decoded")
    image_formats: tuple[ImageFormat, ...] = ("png", "jpeg", "gif", "webp")
    videos: int = Field(default=0, ge=0, description="0 where the method trains on no video")
    video_bytes: int = Field(default=52_428_800, ge=1, description="50 MiB, of one in the project's uploads")
    video_formats: tuple[VideoFormat, ...] = ("mp4", "mov", "mkv", "webm")


class Guardrail(Record):
    """A guardrail of Amazon Bedrock that all calls of a version go through."""

    id: str
    version: str


class RolledBack(Record):
    """A person's decision to go back from a version. ``by`` is recorded as in a run's history."""

    at: datetime
    by: str
    to: str = Field(description="the run that became live again")


class Version(Record):
    """One deployed model."""

    run: str
    deployment: str = Field(description="ARN that Converse takes: a custom model deployment or provisioned throughput")
    model: str = Field(description="the base model's name in the catalogue")
    system: str | None = Field(
        default=None, description="the system prompt that the model was trained and measured with"
    )
    media: MediaRules = MediaRules()
    guardrail: Guardrail | None = None
    fallback: Literal["previous", "base"] | None = Field(default=None, description="who answers where this one can't")
    base: str = Field(default="", description="id by which Converse takes the base model; empty: none known")
    promoted_at: datetime | None = None
    promoted_by: str = ""
    rolled_back: RolledBack | None = Field(
        default=None, description="set when it was rolled back from; chosen again only by name, which removes it"
    )

    def as_base(self) -> "Version | None":
        """Return the base model as a version: with this one's system prompt, media and guardrail."""
        if not self.base:
            return None
        named = f"{BASE}{self.model}"
        return self.model_copy(update={"run": named, "model": named, "deployment": self.base, "fallback": None})


class Offline(Record):
    """The end of a project's service: a person's decision, or its deployment's. ``by`` as in a run's history."""

    run: str = Field(description="the run that was live")
    at: datetime
    by: str
    reason: str
    ended: bool = Field(default=False, description="its deployment's time was over: a later version may go live")
    returns: Returns | None = Field(
        default=None, description="the version is only paused, and this brings it back; none: a person decides"
    )
    opens_at: datetime | None = Field(default=None, description="the opening that brings it back")
    measured: str | None = Field(default=None, description="the run whose verdict brings it back, if it does not pass")
    meanwhile: Version | None = Field(default=None, description="the base, which answers calls until it is back")


class Alias(Record):
    """A project's live version and its ``previous`` ones, newest first: those that still have a deployment."""

    project: str
    live: Version | None = None
    previous: tuple[Version, ...] = ()
    taken_offline: Offline | None = Field(default=None, description="the last time; see offline")
    cents_per_month: int | None = Field(default=None, ge=0, description="budget of all calls in a calendar month (UTC)")
    revision: int = 0

    @property
    def offline(self) -> Offline | None:
        """Return what took the project offline, or None. A decision holds until a person promotes a version."""
        return None if self.live else self.taken_offline

    @property
    def decided_offline(self) -> Offline | None:
        """Return the person's decision that no version may go live by itself, or None."""
        return None if self.offline is None or self.offline.ended else self.offline

    @property
    def paused(self) -> Offline | None:
        """Return the pause of the version that was live and comes back by itself, or None."""
        return self.offline if self.offline and self.offline.returns else None

    def find(self, run: str) -> Version | None:
        """Return the version of a run, live or previous, or None."""
        return next((version for version in self.versions if version.run == run), None)

    @property
    def versions(self) -> tuple[Version, ...]:
        """Return the live version, if any, then the previous ones."""
        return (self.live, *self.previous) if self.live else self.previous


class AliasStore(Protocol):
    """Storage of aliases. The DynamoDB implementation is :class:`tailor.aws.serving.ServingTable`."""

    def alias(self, project: str) -> Alias:
        """Return a project's alias, read consistently; one without versions if the project has none."""

    def save_alias(self, alias: Alias) -> Alias:
        """Write an alias and return it with its new revision.

        Raises:
            LostRaceError: the stored revision is not the alias's.
        """


def promote(
    store: AliasStore,
    project: str,
    version: Version,
    expected_previous: str | None,
    by: str,
    *,
    now: datetime | None = None,
) -> Alias:
    """Make ``version`` live and keep the replaced one for rollback. Idempotent.

    Args:
        expected_previous: the run that the caller saw live, or None.
    Raises:
        LostRaceError: another run is live.
    """
    alias = store.alias(project)
    if alias.live and (alias.live.run, alias.live.deployment) == (version.run, version.deployment):
        return alias
    seen = alias.live.run if alias.live else None
    if seen != expected_previous:
        raise LostRaceError(
            f"{project}: {seen or 'nothing'} is live, not {expected_previous or 'nothing'}",
            hint="compare with what is live now, then promote again",
        )
    return store.save_alias(_pointed_at(alias, version, by, now))


def rollback(store: AliasStore, project: str, by: str, *, to: str | None = None, now: datetime | None = None) -> Alias:
    """Make the previous version, or that of run ``to``, live again, and mark the one that was live.

    A marked version is not chosen again without ``to``: going back twice goes back further.

    Raises:
        NotFoundError: there is no such version.
    """
    alias = store.alias(project)
    if to and alias.live and alias.live.run == to:
        return alias
    target = alias.find(to) if to else _newest_unmarked(alias)
    if target is None:
        raise _nothing_to_go_back_to(alias, to)
    now = now or datetime.now(UTC)
    if alias.live:
        mark = RolledBack(at=now, by=by, to=target.run)
        alias = alias.model_copy(update={"live": alias.live.model_copy(update={"rolled_back": mark})})
    return store.save_alias(_pointed_at(alias, target, by, now))


def _newest_unmarked(alias: Alias) -> Version | None:
    """Return the newest previous version that nobody rolled back from."""
    return next((version for version in alias.previous if version.rolled_back is None), None)


def _nothing_to_go_back_to(alias: Alias, to: str | None) -> NotFoundError:
    kept = ", ".join(version.run for version in alias.previous)
    if to is None and kept:
        return NotFoundError(
            f"{alias.project}: each version before was rolled back from: {kept}",
            hint=f"to serve one of them all the same: tailor rollback {alias.project} --to RUN",
        )
    missing = f"there is no version {to!r} to go back to" if to else "there is no version before"
    hint = f"versions kept: {kept or 'none'}; tailor promote RUN --reason WHY deploys one again that was taken down"
    return NotFoundError(f"{alias.project}: {missing}", hint=hint)


def set_budget(store: AliasStore, project: str, cents: int | None) -> Alias:
    """Set or remove the budget of a project's calls, in US cents a calendar month. Idempotent."""
    alias = store.alias(project)
    if alias.cents_per_month == cents:
        return alias
    return store.save_alias(alias.model_copy(update={"cents_per_month": cents}))


def rolled_back(alias: Alias, run: str) -> RolledBack | None:
    """Return the decision to go back from a run's version, or None."""
    version = alias.find(run)
    return version.rolled_back if version else None


def forget(store: AliasStore, project: str, run: str) -> Alias:
    """Remove a version whose deployment is about to be deleted, or that does not come back from its pause.

    Raises ConflictError for the live one.
    """
    alias = store.alias(project)
    if alias.live and alias.live.run == run:
        hint = f"promote another version first, or end the project's service: tailor offline {project} --reason WHY"
        raise ConflictError(f"{project}: {run} is live", hint=hint)
    kept = tuple(version for version in alias.previous if version.run != run)
    paused = alias.paused
    if kept == alias.previous and (paused is None or paused.run != run):
        return alias
    ended = alias.taken_offline
    if ended and paused and paused.run == run:
        ended = ended.model_copy(update={"returns": None})
    return store.save_alias(alias.model_copy(update={"previous": kept, "taken_offline": ended}))


def withdraw(store: AliasStore, project: str, run: str) -> Alias:
    """Undo an incomplete promotion of ``run``: the previous version becomes live again, if there is one."""
    alias = store.alias(project)
    if alias.live is None or alias.live.run != run:
        return forget(store, project, run)
    before = _newest_unmarked(alias)
    kept = tuple(version for version in alias.previous if version is not before)
    return store.save_alias(alias.model_copy(update={"live": before, "previous": kept}))


def take_offline(store: AliasStore, project: str, by: str, reason: str, *, now: datetime) -> Offline:
    """Remove the live version and all previous ones; return the decision. Idempotent.

    Raises:
        NotFoundError: no version is live.
    """
    alias = store.alias(project)
    if alias.decided_offline:
        return alias.decided_offline
    last = alias.live or alias.offline
    if last is None:
        raise NotFoundError(f"{project} has no live version", hint=f"tailor runs {project} lists its runs")
    decision = Offline(run=last.run, at=now, by=by, reason=reason)
    store.save_alias(alias.model_copy(update={"live": None, "previous": (), "taken_offline": decision}))
    return decision


def end_service(
    store: AliasStore,
    project: str,
    run: str,
    by: str,
    reason: str,
    *,
    now: datetime,
    returns: Returns | None = None,
    opens_at: datetime | None = None,
    measured: str | None = None,
) -> Alias:
    """Take a project offline whose live version is ``run`` and has come to its end; do nothing for another one.

    Args:
        returns: what brings the version back, if it is only paused; with the time of an opening, or the run that
            is measured in its model units meanwhile.
    """
    alias = store.alias(project)
    if alias.live is None or alias.live.run != run:
        return alias
    meanwhile = alias.live.as_base() if returns and alias.live.fallback == "base" else None
    told = {"run": run, "at": now, "by": by, "reason": reason, "returns": returns, "opens_at": opens_at}
    told["measured"] = measured
    end = Offline.model_validate({**told, "ended": True, "meanwhile": meanwhile})
    return store.save_alias(alias.model_copy(update={"live": None, "previous": (), "taken_offline": end}))


def closes_again(store: AliasStore, project: str, opens_at: datetime) -> Alias:
    """Note of a paused version that an opening brings it back, and no call before."""
    alias = store.alias(project)
    if alias.paused is None:
        return alias
    closed = alias.paused.model_copy(update={"returns": "opening", "opens_at": opens_at})
    return store.save_alias(alias.model_copy(update={"taken_offline": closed}))


def _pointed_at(alias: Alias, version: Version, by: str, now: datetime | None) -> Alias:
    marks = {"promoted_at": now or datetime.now(UTC), "promoted_by": by, "rolled_back": None}
    live = version.model_copy(update=marks)
    previous = tuple(other for other in alias.versions if other.run != version.run)
    return alias.model_copy(update={"live": live, "previous": previous})
