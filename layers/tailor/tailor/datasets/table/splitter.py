"""Decide which split a group of rows belongs to: by a hash of the group alone, with a guard for kinds of answers.

A split that never moves a row, however a dataset grows, can look at nothing but the row's own group: so its shares are
met on average, and closely where there are many groups. A kind of answers with few groups may be unlucky. Only there
:func:`even_out` moves the groups next to the boundary, as few as bring the kind within bounds (:func:`tolerated`).
Rows of one group (an image, a document, a conversation) never part.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from xxhash import xxh64_intdigest

from tailor.datasets.example import SplitName
from tailor.recipe import Split

SPLITS: tuple[SplitName | None, ...] = (None, "train", "validation", "test")
_SPACE = 1 << 64
_SPREAD = 0x9E3779B97F4A7C15  # 2^64 over the golden ratio: neighbours come out far apart


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
        """Return the splitter of a recipe. If the model takes no validation set, its share stays in training."""
        return cls(split.seed, split.validation if validation_set else 0.0, split.test)

    @property
    def shares(self) -> tuple[tuple[SplitName, float], ...]:
        """Return the share of each held-out split."""
        return ("test", self.test), ("validation", self.validation)

    def split_of(self, group: int) -> SplitName:
        """Return the split of a group. ``group``: a hash of :func:`tailor.datasets.table.fingerprints.group_hash`."""
        return SPLITS[self.splits_of([group])[0]] or "train"

    def splits_of(self, groups: Sequence[int]) -> bytes:
        """Return for each group the index of its split in SPLITS, a byte each."""
        train, validation, test = (SPLITS.index(split) for split in ("train", "validation", "test"))
        salt, tested, held = self._salt, int(self.test * _SPACE), int((self.test + self.validation) * _SPACE)
        by_hash = [
            train if (spot := (group ^ salt) * _SPREAD % _SPACE) >= held else test if spot < tested else validation
            for group in groups
        ]
        for at, group in enumerate(groups) if self.forced else ():
            if group in self.forced:
                by_hash[at] = SPLITS.index(self.forced[group])
        return bytes(by_hash)

    def place(self, group: int) -> int:
        """Return the group's place in 0 to 2^64."""
        return (group ^ self._salt) * _SPREAD % _SPACE

    def rank(self, group: int) -> int:
        """Return the group's rank in a sample, independent of its split."""
        return (group ^ self._sample_salt) * _SPREAD % _SPACE


def tolerated(groups: int, share: float) -> tuple[int, int]:
    """Return the fewest and the most groups, of ``groups``, that a split of this share may have before any is moved:
    half to double of the expected number, and at least one. With 200 groups or more hardly any set of hashes is outside
    of that."""
    expected = groups * share
    return max(1, math.floor(expected / 2)), math.ceil(2 * expected) + 1


def is_even(splitter: Splitter, spread: Mapping[SplitName | None, int]) -> bool:
    """Return whether the numbers of groups in all splits are within bounds."""
    groups = sum(spread.values())
    for split, share in splitter.shares:
        least, most = tolerated(groups, share)
        if share and not least <= spread.get(split, 0) <= most:
            return False
    return groups == 0 or spread.get("train", 0) > 0


def even_out(splitter: Splitter, groups: Iterable[int]) -> None:
    """Bring the shares of these groups (of one kind, or all) within bounds, by ``splitter.forced``.

    What one split has too much of goes to training first, so that a split with too little can have it. Never takes a
    group that an earlier call moved, nor the last one of training. The result depends on the groups alone, not on
    their order.
    """
    order, before = sorted(set(groups), key=splitter.place), set(splitter.forced)
    for split, share in splitter.shares:
        _, most = tolerated(len(order), share)
        have = [group for group in order if splitter.split_of(group) == split]
        splitter.forced |= dict.fromkeys((group for group in have[most:] if group not in before), "train")
    for split, share in splitter.shares:
        least, _ = tolerated(len(order), share)
        lacking = least - sum(splitter.split_of(group) == split for group in order) if share else 0
        free = [group for group in order if splitter.split_of(group) == "train" and group not in before]
        splitter.forced |= dict.fromkeys(free[: max(min(lacking, len(free) - 1), 0)], split)
    if order and all(splitter.split_of(group) != "train" for group in order):
        splitter.forced[order[-1]] = "train"


def _salt(seed: int, purpose: str) -> int:
    return xxh64_intdigest(f"{purpose}:{seed}".encode())
