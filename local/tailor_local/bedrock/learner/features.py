"""Examples as sparse features: words of the question, what is in the image, and pairs of both.

Pairs let a linear model answer questions about images: the word "left" together with "a red thing on the left".
"""

import itertools
import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tailor_local.bedrock.learner.vision import image_tokens

BUCKETS = 1 << 14
WORD = re.compile(r"\w+|[^\w\s]")
MAX_WORDS = 60  # of a question that are paired with the image
MAX_TOKENS = 4000  # features of one example

Indices = NDArray[np.int32]


@dataclass(frozen=True)
class Prompt:
    """A prompt to a model: the last user turn, the turns before it, and its images' bytes."""

    question: str
    history: str = ""
    images: tuple[bytes, ...] = ()


def words(text: str) -> list[str]:
    return WORD.findall(text.lower())


def indices(prompt: Prompt) -> Indices:
    """Return the buckets that ``prompt`` sets, sorted, each once."""
    said = words(prompt.question)
    pairs = [f"{first} {second}" for first, second in itertools.pairwise(said)]
    question = said[:MAX_WORDS] + pairs[:MAX_WORDS]
    tokens = ["bias", *(f"w={word}" for word in said), *(f"b={pair}" for pair in pairs)]
    tokens += [f"g={gram}" for gram in _grams(prompt.question.lower())]
    tokens += [f"h={word}" for word in set(words(prompt.history))]
    for image in prompt.images:
        seen = image_tokens(image)
        tokens += seen
        tokens += [f"{word}×{thing}" for word in question for thing in seen]
    hashed = {zlib.crc32(token.encode(errors="replace")) % BUCKETS for token in tokens[:MAX_TOKENS]}
    return np.array(sorted(hashed), dtype=np.int32)


def _grams(text: str, size: int = 4) -> Iterable[str]:
    return {text[start : start + size] for start in range(max(0, len(text) - size + 1))}


def dense(rows: list[Indices], width: int = BUCKETS) -> NDArray[np.float32]:
    """Return a matrix of rows × ``width``; each row has length 1."""
    matrix = np.zeros((len(rows), width), dtype=np.float32)
    for number, row in enumerate(rows):
        matrix[number, row] = 1 / np.sqrt(len(row))
    return matrix
