"""Which part a group of rows belongs to: decided by a hash of the group alone, with a guard for kinds of answers.

A split that never moves a row, however a dataset grows, can look at nothing but the row's own group: so its shares are
met on average, and closely where there are many groups. A kind of answers with few groups may be unlucky. Only there
:func:`even_out` moves the groups next to the boundary, as few as bring the kind within bounds (:func:`tolerated`).
Rows of one group (an image, a document, a conversation) never part.
"""

import hashlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tailor.datasets.model import SplitName
from tailor.recipe import Split

PARTS: tuple[SplitName | None, ...] = (None, "train", "validation", "test")
_MASK = (1 << 64) - 1


@dataclass(slots=True)
class Splitter:
    """``validation`` and ``test`` are shares; ``forced`` moves single groups, see :func:`even_out`."""

    seed: int
    validation: float
    test: float
    forced: dict[int, SplitName] = field(default_factory=dict)
    _salt: int = 0
    _sample_salt: int = 0

    def __post_init__(self) -> None:
        self._salt, self._sample_salt = _salt(self.seed, "split"), _salt(self.seed, "sample")

    @classmethod
    def of(cls, split: Split, *, validation_set: bool) -> "Splitter":
        """Where the model takes no validation set, its share stays in training."""
        return cls(split.seed, split.validation if validation_set else 0.0, split.test)

    @property
    def shares(self) -> tuple[tuple[SplitName, float], ...]:
        """Of the parts that are held out."""
        return ("test", self.test), ("validation", self.validation)

    def part(self, group: int) -> SplitName:
        if self.forced and group in self.forced:
            return self.forced[group]
        place = self.place(group)
        if place < self.test:
            return "test"
        return "validation" if place < self.test + self.validation else "train"

    def place(self, group: int) -> float:
        """Where in 0 to 1 the group falls."""
        return _mix(group ^ self._salt) / (_MASK + 1)

    def rank(self, group: int) -> int:
        """The group's place in line for a sample: 63 bits, independent of its part."""
        return _mix(group ^ self._sample_salt) >> 1


def tolerated(groups: int, share: float) -> tuple[int, int]:
    """The fewest and the most groups, of so many, in a part of this share before any is moved: half to double of what
    is expected, and at least one. Of 200 groups or more hardly any set of hashes is outside of that."""
    expected = groups * share
    return max(1, math.floor(expected / 2)), math.ceil(2 * expected) + 1


def is_even(splitter: Splitter, spread: Mapping[SplitName | None, int]) -> bool:
    """Whether so many groups in each part are within bounds."""
    groups = sum(spread.values())
    for part, share in splitter.shares:
        least, most = tolerated(groups, share)
        if share and not least <= spread.get(part, 0) <= most:
            return False
    return groups == 0 or spread.get("train", 0) > 0


def even_out(splitter: Splitter, groups: Iterable[int]) -> None:
    """Brings the shares of these groups (of one kind, or all) within bounds, by ``splitter.forced``. Never takes a
    group that was moved before, nor the last one of training. The result depends on the groups alone, not on their
    order."""
    order = sorted(set(groups), key=splitter.place)
    for part, share in splitter.shares:
        have = [group for group in order if splitter.part(group) == part]
        least, most = tolerated(len(order), share)
        if share and len(have) < least:
            free = [group for group in order if splitter.part(group) == "train" and group not in splitter.forced]
            for group in free[: min(least - len(have), len(free) - 1)]:
                splitter.forced[group] = part
        for group in [group for group in have[most:] if group not in splitter.forced]:
            splitter.forced[group] = "train"
    if order and all(splitter.part(group) != "train" for group in order):
        splitter.forced[order[-1]] = "train"


def group_hash(*parts: bytes) -> int:
    """A signed 64-bit hash of what makes a group, an input or an answer."""
    whole = parts[0] if len(parts) == 1 else b"".join(len(part).to_bytes(4) + part for part in parts)
    return int.from_bytes(hashlib.blake2b(whole, digest_size=8).digest(), signed=True)


def _salt(seed: int, purpose: str) -> int:
    return int.from_bytes(hashlib.blake2b(f"{purpose}:{seed}".encode(), digest_size=8).digest())


def _mix(value: int) -> int:
    """SplitMix64's finalizer: neighbouring inputs come out far apart."""
    value &= _MASK
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9 & _MASK
    value = (value ^ value >> 27) * 0x94D049BB133111EB & _MASK
    return value ^ value >> 31
