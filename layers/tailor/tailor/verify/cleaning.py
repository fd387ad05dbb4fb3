"""Remove what checks created, found by its name: also what an earlier, killed call left.

Names begin with ``tailor-verify-`` and the time of the call. What a call made is removed at its end; what others left
is removed once it is older than any call can be, so that two people may verify at the same time.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from tailor.errors import TailorError
from tailor.verify.world import PREFIX, World, begun

LONGEST = 8 * 3600
"""Seconds after which a call of ``tailor verify`` has certainly ended."""


@dataclass(frozen=True, slots=True)
class Cleaner:
    """Cleaner of one kind of resource. ``find`` returns the names with a prefix, ``remove`` deletes one and returns
    what remains of it, empty for nothing. ``permissions``: what both need."""

    kind: str
    find: Callable[[World, str], Iterable[str]]
    remove: Callable[[World, str], str]
    permissions: tuple[str, ...]
    deployed: bool = False


def clean(world: World, cleaners: Iterable[Cleaner], now: float | None = None) -> list[str]:
    """Remove what this call created or, with ``now`` (seconds), what earlier ones left. Return what remains, and
    why."""
    left = []
    for cleaner in cleaners:
        if cleaner.deployed and world.stack is None:
            continue
        prefix = PREFIX if now is not None else world.name
        found, why = _tried(partial(_names, cleaner, world, prefix), list[str]())
        if why:
            left.append(f"{cleaner.kind}: could not be looked for: {why}")
        for name in found:
            made = begun(name)
            if made is None or (now is not None and now - made < LONGEST):
                continue
            stays, why = _tried(partial(cleaner.remove, world, name), "")
            if stays or why:
                left.append(f"{cleaner.kind} {name}: {stays or why}")
    return left


def _names(cleaner: Cleaner, world: World, prefix: str) -> list[str]:
    """Return all names in advance: removals in the meantime must not disturb the search."""
    return list(cleaner.find(world, prefix))


def _tried[T](act: Callable[[], T], instead: T) -> tuple[T, str]:
    """Return the result and the error, if any: no error may prevent other removals, or writing the file."""
    try:
        return act(), ""
    except TailorError as error:
        return instead, error.message
    except Exception as error:
        return instead, f"{type(error).__name__}: {error}"


def _rules(world: World, prefix: str) -> Iterator[str]:
    yield from (rule["Name"] for rule in pages(world, "events", "list_rules", "Rules", NamePrefix=prefix))


def _delete_rule(world: World, name: str) -> str:
    return world.call("events", "delete_rule", Name=name).said


def pages(
    world: World,
    service: str,
    operation: str,
    field: str,
    *,
    next_page: str = "NextToken",
    from_page: str = "",
    **given: Any,
) -> Iterator[Mapping[str, Any]]:
    """Return the items of all pages of a list. ``next_page`` names the next one in an answer, and in the request for it
    unless ``from_page`` does."""
    following: dict[str, Any] = {}
    while True:
        page = world.call(service, operation, **given, **following).needed()
        yield from page.get(field, [])
        if not page.get(next_page):
            return
        following = {from_page or next_page: page[next_page]}


RULES = Cleaner("rule", _rules, _delete_rule, ("events:ListRules", "events:DeleteRule"))
