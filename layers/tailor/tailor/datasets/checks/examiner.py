"""Run all checks of one example: its shape, its media, its texts.

Only texts that fail the screen (:mod:`tailor.datasets.checks.prefilter`) are looked at one by one, for findings with
their paths.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

from tailor.catalog import Model
from tailor.datasets import writing
from tailor.datasets.checks import privacy
from tailor.datasets.checks.prefilter import Passed
from tailor.datasets.checks.repairs import WORSE
from tailor.datasets.checks.tools import tool_problems
from tailor.datasets.example import Example, Media, Placed, Raw, Role, Text, Turn
from tailor.datasets.media import Asset, Locate
from tailor.findings import Finding, finding
from tailor.recipe import Method
from tailor.tokens import Estimate, Estimator

_ASSISTANT_ONLY = frozenset({"toolUse", "reasoningContent"})
_OWNER = re.compile(r"\d{12}")
_KIND_LIMITS = {"image": "images_per_example", "video": "videos_per_example"}


class Examiner:
    """Checks examples for one model and method, after the repairs of :mod:`tailor.datasets.checks.repairs`."""

    def __init__(self, model: Model, method: Method) -> None:
        facts = model.method(method)
        self._model, self._method, self._limits = model.name, method, facts.limits
        self._learns_answers = method != "reinforcement"
        # The methods that could be chosen instead: pairs are rows of another kind.
        others = {name: other for name, other in model.methods.items() if other.record != "preference-pair"}
        self._others = {name: other.limits for name, other in others.items() if name != method}
        self._estimator = Estimator(model.tokens, self._limits.video_seconds)
        self._words = {word.mark: word for word in map(_ReservedWord, model.reserved_words)}

    def shape(self, example: Example) -> list[Finding]:
        """Check the order of turns, empty texts, tools, and the number and place of media."""
        if self._method == "continued-pre-training":
            return [] if example.document or example.turns else [self._found("empty-text", example, "$.input")]
        if not example.turns:
            return [self._found("no-messages", example)]
        found = self._order(example)
        counts: Counter[str] | None = None
        for place, turn in enumerate(example.turns):
            blocks = turn.blocks
            if len(blocks) == 1 and type(blocks[0]) is Text and not _blank(blocks[0].text):
                continue  # by far the most frequent turn
            counts = Counter() if counts is None else counts
            found += self._turn(example, turn, f"$.messages[{place}]", counts)
        if example.system is not None and _blank(example.system):
            found.append(self._found("empty-text", example, "$.system[0].text"))
        if counts:
            found += self._counts(example, counts)
        if "tools" in example.extra or (counts and (counts["toolUse"] or counts["toolResult"])):
            found += self._tools(example)
        if self._method == "reinforcement" and not example.extra.get("reference_answer"):
            found.append(self._found("no-reference", example, "$.reference_answer"))
        return found

    def pair(self, example: Example) -> list[Finding]:
        """Check that both answers of a preference pair still say something, and not the same, after all repairs."""
        if example.worse is None:
            return []
        better = " ".join(block.text for block in example.turns[-1].blocks if isinstance(block, Text))
        if _blank(example.worse):
            return [self._found("pair-incomplete/worse", example)]
        return [self._found("pair-equal", example)] if better.split() == example.worse.split() else []

    def media(self, example: Placed, media: Iterable[tuple[str, Media]], locate: Locate) -> Iterator[Finding]:
        """Yield what is wrong with the objects that the example refers to, which are given with their paths."""
        for path, block in media:
            if block.owner is not None and not _OWNER.fullmatch(block.owner):
                yield self._found("media-owner", example, path, owner=block.owner)
            problem = locate(block).problem
            if problem:
                yield replace(problem, file=example.file, line=example.line, path=path)

    def tokens(self, characters: int, passed: Passed, assets: Iterable[Asset]) -> Estimate:
        """Estimate the tokens of texts (their length in characters) and media together."""
        dense = characters
        if passed.spaced:
            dense = self._estimator.dense(characters, passed.question + b"\n" + passed.answer)
        total = self._estimator.of(characters, dense, passed.symbols)
        for asset in assets:
            if asset.kind == "image":
                total = total.plus(self._estimator.image(asset.width, asset.height))
            else:
                total = total.plus(self._estimator.video(asset.seconds))
        return total

    def asked(self, tokens: Estimate, answer: int) -> int:
        """Return the lowest estimate of the tokens of an example without its answer of that many characters."""
        return max(0, tokens.low - self._estimator.least(answer))

    def size(self, example: Placed, size: int, tokens: Estimate) -> list[Finding]:
        """Check whether the example is too long for the model, or its record for one line."""
        limits, found = self._limits, []
        if limits.line_bytes and size > limits.line_bytes:
            found.append(self._found("line-too-long", example, size=size, limit=limits.line_bytes))
        if tokens.low > limits.context_tokens:
            found.append(self._found("too-many-tokens", example, tokens=tokens.low, limit=limits.context_tokens))
        elif tokens.high > limits.context_tokens:
            limit = limits.context_tokens
            found.append(self._found("perhaps-too-many-tokens", example, tokens=tokens.high, limit=limit))
        return found

    def texts(self, example: Example) -> list[Finding]:
        """Check texts for reserved words, damaged characters and personal data."""
        found: list[Finding] = []
        for path, role, text in texts_of(example):
            lower = text.lower()
            for mark, word in self._words.items():
                if mark in lower:
                    found += word.check(example, path, role, text)
            found += self._damage(example, path, text)
            kinds = {secret.code: secret.kind for secret in privacy.find(text)}
            found += [self._found(code, example, path, kind=kind) for code, kind in kinds.items()]
        return found

    def _damage(self, example: Example, path: str, text: str) -> Iterator[Finding]:
        at = text.find("\ufffd")
        if at >= 0:
            yield self._found("replacement-character", example, path, excerpt=text[max(0, at - 20) : at + 20])
        if found := writing.mojibake(text):
            yield self._found("mojibake", example, path, excerpt=found[0], rewrite=found[1])

    def _order(self, example: Example) -> list[Finding]:
        turns, found = example.turns, list[Finding]()
        if len(turns) == 2 and turns[0].role == "user" and turns[1].role == "assistant" and self._learns_answers:
            return found  # by far the most frequent order
        if turns[0].role != "user":
            found.append(self._found("first-turn", example, "$.messages[0]", role=turns[0].role))
        found += [
            self._found("turn-order", example, f"$.messages[{place}]", role=turn.role)
            for place, (before, turn) in enumerate(pairwise(turns), start=1)
            if turn.role == before.role
        ]
        last = turns[-1].role
        if last != "assistant" and self._method in ("fine-tuning", "preference-optimization"):
            found.append(self._found("no-answer", example, f"$.messages[{len(turns) - 1}]"))
        if last != "user" and self._method == "reinforcement":
            found.append(self._found("answer-in-prompt", example, f"$.messages[{len(turns) - 1}]"))
        return found

    def _turn(self, example: Example, turn: Turn, path: str, counts: Counter[str]) -> Iterator[Finding]:
        role, texts, others = turn.role, 0, 0
        for at, block in enumerate(turn.blocks):
            if type(block) is Text:
                if _blank(block.text):
                    yield self._found("empty-text", example, f"{path}.content[{at}].text")
                else:
                    texts += 1
                continue
            others += 1
            if isinstance(block, Media | Raw):
                counts[block.kind] += 1
                if role != ("assistant" if block.kind in _ASSISTANT_ONLY else "user"):
                    where = f"{path}.content[{at}]"
                    yield self._found("block-in-wrong-turn", example, where, kind=block.kind, role=role)
        if not texts and not others and not turn.blocks:
            yield self._found("empty-text", example, f"{path}.content")
        if role == "user" and others and not texts and any(isinstance(block, Media) for block in turn.blocks):
            yield self._found("no-question", example, f"{path}.content")

    def _counts(self, example: Example, counts: Counter[str]) -> Iterator[Finding]:
        for kind in ("image", "video", "document"):
            count = counts[kind]
            limit = getattr(self._limits, _KIND_LIMITS[kind]) if kind in _KIND_LIMITS else 0
            if count and not limit:
                yield self._found("media-not-supported", example, kind=kind, **self._lacking(kind))
            elif count > limit:
                yield self._found("too-many-media", example, kind=kind, count=count, limit=limit)
        if counts["image"] and counts["video"]:
            yield self._found("image-with-video", example)

    def _tools(self, example: Example) -> Iterator[Finding]:
        if not self._limits.tools and self._method != "reinforcement":
            yield self._found("tools-not-supported", example)
            return
        for code, path, values in tool_problems(example):
            yield self._found(code, example, path, **values)

    def _lacking(self, kind: str) -> dict[str, str]:
        """Return whether the model or the method lacks support for such media, and what to choose instead, in words."""
        others = [
            name
            for name, limits in self._others.items()
            if kind in _KIND_LIMITS and getattr(limits, _KIND_LIMITS[kind])
        ]
        if not others:
            return {"who": self._model, "what": "a model"}
        return {"who": f"the method {self._method}", "what": f"a method ({self._model}: {', '.join(others)})"}

    def _found(self, code: str, example: Placed, path: str | None = None, **values: Any) -> Finding:
        return finding(code, example.file, example.line, path, **{"model": self._model, **values})


class _ReservedWord:
    """One of the model's own markers. It counts only at the beginning of a word: ``robot:`` does not match ``Bot:``."""

    def __init__(self, word: str) -> None:
        self.word = word
        self.mark = word.lower().strip("\n")
        self._pattern = re.compile(rf"(?<!\w){re.escape(word)}", re.IGNORECASE)

    def check(self, example: Example, path: str, role: Role | None, text: str) -> Iterator[Finding]:
        found = {match.group() for match in self._pattern.finditer(text)}
        for word in sorted(found):
            sure = word == self.word and role != "assistant"
            code = "reserved-word" if sure else "reserved-word-perhaps"
            rewrite = word.strip().strip("<>[]").replace(":", " -")
            yield finding(code, example.file, example.line, path, word=word, rewrite=rewrite)


def texts_of(example: Example) -> Iterator[tuple[str, Role | None, str]]:
    """Yield each text with its path and its speaker (None: the system prompt, or a document)."""
    if example.system is not None:
        yield "$.system[0].text", None, example.system
    if example.document is not None:
        yield "$.input", None, example.document
    for place, turn in enumerate(example.turns):
        for at, block in enumerate(turn.blocks):
            path = f"$.messages[{place}].content[{at}]"
            if isinstance(block, Text):
                yield f"{path}.text", turn.role, block.text
            elif isinstance(block, Raw):
                for text in _strings(block.value):
                    yield path, turn.role, text
    if example.worse is not None:
        yield WORSE, "assistant", example.worse


def _strings(value: Any) -> Iterator[str]:
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            pending.extend(item.values())
        elif isinstance(item, list):
            pending.extend(item)


def _blank(text: str) -> bool:
    return not text or text.isspace()
