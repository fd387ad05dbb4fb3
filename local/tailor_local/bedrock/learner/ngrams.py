"""Predict the word after the last few by counts from documents, with shorter contexts where longer ones are new.

Interpolated as Witten and Bell do it; an unknown word is spelled letter by letter.
"""

import json
import math
import re
import zlib
from collections import Counter
from collections.abc import Sequence

from tailor_local.bedrock import tokens
from tailor_local.bedrock.learner.features import Prompt

WORD = re.compile(r"\w+(?:-\w+)*|[^\w\s]")
ORDER = 3  # words of context
LETTERS = 128  # an unknown word's letters are one of so many
MARK = b"words"
CONTINUATION = 40  # words
ONE_WORD = re.compile(r"next word|that word|một từ|từ tiếp theo", re.IGNORECASE)
TIGHT = re.compile(r"\s+([.,;:!?)%])")


class WordModel:
    def __init__(self) -> None:
        self.counts: dict[str, Counter[str]] = {}  # context, words joined by spaces → what follows

    def read(self, documents: Sequence[str]) -> None:
        for document in documents:
            said = WORD.findall(document)
            for place, word in enumerate(said):
                for size in range(min(ORDER, place) + 1):
                    self.counts.setdefault(" ".join(said[place - size : place]), Counter())[word] += 1

    def loss(self, documents: Sequence[str]) -> float:
        """Mean cross-entropy a token, in nats."""
        total, count = 0.0, 0
        for document in documents:
            said = WORD.findall(document)
            count += tokens.of_text(document)
            for place, word in enumerate(said):
                total -= math.log(self._chance(said[max(0, place - ORDER) : place], word))
        return total / max(1, count)

    def _chance(self, context: list[str], word: str) -> float:
        chance = (1 / LETTERS) ** min(len(word), 20)
        for size in range(len(context) + 1):
            seen = self.counts.get(" ".join(context[len(context) - size :]))
            if seen:
                kinds = len(seen)
                chance = (seen[word] + kinds * chance) / (seen.total() + kinds)
        return chance

    def answer(self, prompt: Prompt) -> str | None:
        """Return the continuation of the text; one word if the prompt asks for one."""
        if not self.counts:
            return None
        said = WORD.findall(prompt.question)
        made: list[str] = []
        for _ in range(1 if ONE_WORD.search(prompt.history) else CONTINUATION):
            following = self._next(said + made)
            if following is None:
                break
            made.append(following)
        return TIGHT.sub(r"\1", " ".join(made)) or None

    def _next(self, said: list[str]) -> str | None:
        for size in range(min(ORDER, len(said)), 0, -1):
            seen = self.counts.get(" ".join(said[-size:]))
            if seen:
                return min(seen, key=lambda word: (-seen[word], word))
        return None

    def save(self) -> bytes:
        return MARK + zlib.compress(json.dumps(self.counts, ensure_ascii=False).encode())

    @classmethod
    def load(cls, data: bytes) -> "WordModel":
        model = cls()
        stored = json.loads(zlib.decompress(data.removeprefix(MARK)))
        model.counts = {context: Counter(seen) for context, seen in stored.items()}
        return model
