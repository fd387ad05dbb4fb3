"""Copy what a simulated world holds, so that another one can go on from there.

Work that waits in a world is told in which world it is done.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from tests.unit.chaos.bedrock import Job

if TYPE_CHECKING:
    from tests.unit.chaos.world import World

Snapshot = Sequence[Mapping[str, Any]]  # the data of each part of a world, by attribute
_DATA = (dict, list, set, int, str, datetime, type(None))  # other attributes are settings, or lead to other parts
_CHANGING = (dict, list, set, Job)
_PAST = frozenset({"calls", "met", "_trouble", "_order", "rejoined"})  # what nothing that comes depends on


@dataclass(frozen=True, slots=True)
class Work:
    """Something to be done later, in whatever world it is then."""

    act: Callable[..., object]
    given: tuple[Any, ...] = ()
    named: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self, world: "World") -> object:
        return self.act(world, *self.given, **self.named)


Queue = list[tuple[datetime, int, Work]]  # when, and in which order of those of one moment


def take(parts: Iterable[object]) -> Snapshot:
    """Return what all parts hold now."""
    return [_copied(_data(part)) for part in parts]


def put_back(parts: Iterable[object], snapshot: Snapshot) -> None:
    """Make parts hold what others held."""
    for part, held in zip(parts, snapshot, strict=True):
        vars(part).update(_copied(held))


def take_what_decides(parts: Iterable[object]) -> Snapshot:
    """Return what all that comes of these parts depends on."""
    return [_copied(_deciding(part)) for part in parts]


def is_same(parts: Iterable[object], deciding: Snapshot) -> bool:
    """Return whether all that comes of these parts is what came of those."""
    return all(_deciding(part) == held for part, held in zip(parts, deciding, strict=True))


def _data(part: object) -> dict[str, Any]:
    return {name: value for name, value in vars(part).items() if isinstance(value, _DATA)}


def _deciding(part: object) -> dict[str, Any]:
    found = {name: value for name, value in _data(part).items() if name not in _PAST}
    if queue := found.get("_queue"):
        found["_queue"] = [(moment, work) for moment, _, work in sorted(queue, key=lambda each: each[:2])]
    return found


def _copied[T](value: T) -> T:
    """Return a copy of data. Records, which nobody changes, are shared."""
    twin: Any = value
    if isinstance(value, dict):
        twin = value.copy()
        twin |= {name: _copied(each) for name, each in value.items() if isinstance(each, _CHANGING)}
    elif isinstance(value, list | set):
        twin = type(value)([_copied(each) if isinstance(each, _CHANGING) else each for each in value])
    elif isinstance(value, Job):
        twin = replace(value)
    return cast("T", twin)
