"""Which part a group of rows belongs to: decided by a hash of the group alone.

So the same rows land alike however the files are ordered and however they grow, and kinds of answers are spread by
chance, evenly in large datasets. Rows of one group (an image, a document, a conversation) never part.
"""

import hashlib
from dataclasses import dataclass, field

from tailor.datasets.model import SplitName
from tailor.recipe import Split

PARTS: tuple[SplitName | None, ...] = (None, "train", "validation", "test")
_MASK = (1 << 64) - 1


@dataclass(slots=True)
class Splitter:
    """``shares`` of validation and test; ``keep``: with a model's maximum, the highest rank of a group in the sample;
    ``forced`` puts single groups of a small dataset where a part would stay empty."""

    seed: int
    validation: float
    test: float
    keep: int | None = None
    forced: dict[int, SplitName] = field(default_factory=dict)
    _salt: int = 0
    _sample_salt: int = 0

    def __post_init__(self) -> None:
        self._salt, self._sample_salt = _salt(self.seed, "split"), _salt(self.seed, "sample")

    @classmethod
    def of(cls, split: Split, *, validation_set: bool) -> "Splitter":
        """Where the model takes no validation set, its share stays in training."""
        return cls(split.seed, split.validation if validation_set else 0.0, split.test)

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
