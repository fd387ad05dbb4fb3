"""Live versions: what a project's name points to, what it pointed to before, and the only moves there are.

An alias is one item, written whole on condition that nobody wrote since it was read, so two promotions at the same
moment cannot both win, and a promotion names the version that it believes it replaces.
"""

from datetime import UTC, datetime
from typing import Literal, Protocol

from pydantic import Field

from tailor.errors import ConflictError, LostRaceError, NotFoundError
from tailor.records import Record

ImageFormat = Literal["png", "jpeg", "gif", "webp"]


class MediaRules(Record):
    """What a request may carry. The defaults are Converse's documented limits; ``images`` 0 is a text-only model."""

    images: int = Field(default=20, ge=0)
    image_bytes: int = Field(default=3_932_160, ge=1, description="3.75 MiB, decoded")
    image_formats: tuple[ImageFormat, ...] = ("png", "jpeg", "gif", "webp")


class Version(Record):
    """One deployed model."""

    run: str
    deployment: str = Field(description="ARN that Converse takes: a custom model deployment or provisioned throughput")
    model: str = Field(description="the base model's name in the catalogue")
    system: str | None = Field(
        default=None, description="the system prompt that the model was trained and measured with"
    )
    media: MediaRules = MediaRules()
    promoted_at: datetime | None = None
    promoted_by: str = ""


class Offline(Record):
    """A person's decision that nothing answers under a project's name. ``by`` is as in a run's history."""

    run: str = Field(description="the run that was live")
    at: datetime
    by: str
    reason: str


class Alias(Record):
    """``previous`` is newest first: versions that still have a deployment and can be rolled back to or pinned."""

    project: str
    live: Version | None = None
    previous: tuple[Version, ...] = ()
    taken_offline: Offline | None = Field(default=None, description="the last time; see offline")
    revision: int = 0

    @property
    def offline(self) -> Offline | None:
        """Holds until a person puts a version live: nothing goes live by itself."""
        return None if self.live else self.taken_offline

    def find(self, run: str) -> Version | None:
        return next((version for version in self.versions if version.run == run), None)

    @property
    def versions(self) -> tuple[Version, ...]:
        return (self.live, *self.previous) if self.live else self.previous


class AliasStore(Protocol):
    """Where aliases are kept. The DynamoDB implementation is :class:`tailor.aws.serving.ServingTable`."""

    def alias(self, project: str) -> Alias:
        """Strongly consistent; an alias with no versions where the project has none yet."""

    def save_alias(self, alias: Alias) -> Alias:
        """Writes on condition that ``revision`` is the stored one, else LostRaceError. Returns the new revision."""


def promote(
    store: AliasStore,
    project: str,
    version: Version,
    expected_previous: str | None,
    by: str,
    *,
    now: datetime | None = None,
) -> Alias:
    """Points the name at ``version`` and keeps the replaced one for rollback. Does nothing where it is live already.

    ``expected_previous`` is the run that the caller saw live, or None; raises LostRaceError where that has changed.
    """
    alias = store.alias(project)
    if alias.live and alias.live.run == version.run:
        return alias
    seen = alias.live.run if alias.live else None
    if seen != expected_previous:
        raise LostRaceError(
            f"{project}: {seen or 'nothing'} is live, not {expected_previous or 'nothing'}",
            hint="compare with what is live now, then promote again",
        )
    return store.save_alias(_pointed_at(alias, version, by, now))


def rollback(store: AliasStore, project: str, by: str, *, to: str | None = None, now: datetime | None = None) -> Alias:
    """Points the name back at the version before, or at the run ``to``. Raises NotFoundError where that is not kept."""
    alias = store.alias(project)
    if to and alias.live and alias.live.run == to:
        return alias
    target = alias.find(to) if to else next(iter(alias.previous), None)
    if target is None:
        kept = ", ".join(version.run for version in alias.previous) or "none"
        raise NotFoundError(
            f"{project}: there is no version {to!r} to go back to" if to else f"{project}: there is no version before",
            hint=f"versions kept: {kept}; tailor promote RUN --reason WHY deploys one again that was taken down",
        )
    return store.save_alias(_pointed_at(alias, target, by, now))


def forget(store: AliasStore, project: str, run: str) -> Alias:
    """Drops a version whose deployment is about to go. Raises ConflictError for the live one."""
    alias = store.alias(project)
    if alias.live and alias.live.run == run:
        hint = f"promote another version first, or end the project's service: tailor offline {project} --reason WHY"
        raise ConflictError(f"{project}: {run} is live", hint=hint)
    kept = tuple(version for version in alias.previous if version.run != run)
    if kept == alias.previous:
        return alias
    return store.save_alias(alias.model_copy(update={"previous": kept}))


def withdraw(store: AliasStore, project: str, run: str) -> Alias:
    """Takes back a promotion of ``run`` that did not come about: the version before is live again, or none is."""
    alias = store.alias(project)
    if alias.live is None or alias.live.run != run:
        return forget(store, project, run)
    before = alias.previous[0] if alias.previous else None
    return store.save_alias(alias.model_copy(update={"live": before, "previous": alias.previous[1:]}))


def take_offline(store: AliasStore, project: str, by: str, reason: str, *, now: datetime) -> Offline:
    """Points the name at nothing and keeps no version for rollback. Does nothing where it is offline already.

    Returns the decision that holds. Raises NotFoundError where nothing is live."""
    alias = store.alias(project)
    if alias.offline:
        return alias.offline
    if alias.live is None:
        raise NotFoundError(f"{project} has no live version", hint=f"tailor runs {project} lists its runs")
    decision = Offline(run=alias.live.run, at=now, by=by, reason=reason)
    store.save_alias(alias.model_copy(update={"live": None, "previous": (), "taken_offline": decision}))
    return decision


def _pointed_at(alias: Alias, version: Version, by: str, now: datetime | None) -> Alias:
    live = version.model_copy(update={"promoted_at": now or datetime.now(UTC), "promoted_by": by})
    previous = tuple(other for other in alias.versions if other.run != version.run)
    return alias.model_copy(update={"live": live, "previous": previous})
