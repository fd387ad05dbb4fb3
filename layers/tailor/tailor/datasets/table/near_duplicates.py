"""Find pictures that look almost alike, by their perceptual hashes (:func:`tailor.datasets.media.images.look_of`)."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

_BITS = 32
_BAND = 2
_MOST_BITS = 8
_MOST_COLOUR = 12
_MOST_IN_BUCKET = 50

Placed = tuple[str, int]
"""A picture's name and its split."""


def similar_pairs(pictures: Iterable[tuple[str, bytes, int]]) -> Iterator[tuple[Placed, Placed]]:
    """Yield pairs from different splits that differ in few bits and little colour, each pair once.

    Near hashes agree in at least half of their 16 bands; bands that very many pictures share (plain backgrounds) say
    nothing and are passed over, so the work stays linear in practice.
    """
    entries = [(name, look[:_BITS], look[_BITS:], split) for name, look, split in pictures]
    seen: set[tuple[int, int]] = set()
    for start in range(0, _BITS, _BAND):
        buckets: defaultdict[bytes, list[int]] = defaultdict(list)
        for at, entry in enumerate(entries):
            buckets[entry[1][start : start + _BAND]].append(at)
        for bucket in buckets.values():
            if 1 < len(bucket) <= _MOST_IN_BUCKET:
                for place, one in enumerate(bucket):
                    for other in bucket[place + 1 :]:
                        if (one, other) not in seen and _alike(entries[one], entries[other]):
                            seen.add((one, other))
                            yield (entries[one][0], entries[one][3]), (entries[other][0], entries[other][3])


def _alike(one: tuple[str, bytes, bytes, int], other: tuple[str, bytes, bytes, int]) -> bool:
    if one[3] == other[3]:
        return False
    bits = int.from_bytes(one[1]) ^ int.from_bytes(other[1])
    if bits.bit_count() > _MOST_BITS:
        return False
    return all(abs(a - b) <= _MOST_COLOUR for a, b in zip(one[2], other[2], strict=True))
