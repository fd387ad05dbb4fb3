"""All checks of one example: its shape, its media, its texts.

Most rows are sound, so the record is first screened as bytes for anything that could be wrong with its texts, which
takes microseconds; only a row that fails the screen is looked at block by block, for findings with their paths.
"""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from tailor.catalog import Model
from tailor.datasets import language, privacy
from tailor.datasets.checks import finding
from tailor.datasets.model import Example, Finding, Media, Raw, Role, Text, Turn
from tailor.datasets.records import Locate
from tailor.datasets.tokens import Estimate, Estimator
from tailor.datasets.tools import tool_problems
from tailor.recipe import Method

_ASSISTANT_ONLY = frozenset({"toolUse", "reasoningContent"})
_OWNER = re.compile(r"\d{12}")
_KIND_LIMITS = {"image": "images_per_example", "video": "videos_per_example"}


class Examiner:
    """Looks at examples for one model and method, after the repairs of :class:`tailor.datasets.fixes.Repairs`."""

    def __init__(self, model: Model, method: Method) -> None:
        facts = model.method(method)
        self._model, self._method, self._limits = model.name, method, facts.limits
        self._estimator = Estimator(model.tokens)
        self._words = [_ReservedWord(word) for word in model.reserved_words]
        self._word_marks = [word.mark for word in self._words]

    def shape(self, example: Example) -> Iterator[Finding]:
        """Order of turns, empty texts, tools, number and place of media."""
        if self._method == "continued-pre-training":
            if not (example.document or example.turns):
                yield self._found("empty-text", example, "$.input")
            return
        if not example.turns:
            yield self._found("no-messages", example)
            return
        yield from self._order(example)
        counts: Counter[str] = Counter()
        for place, turn in enumerate(example.turns):
            yield from self._turn(example, turn, f"$.messages[{place}]", counts)
        if example.system is not None and _blank(example.system):
            yield self._found("empty-text", example, "$.system[0].text")
        if counts:
            yield from self._counts(example, counts)
        if "tools" in example.extra or any(counts[kind] for kind in ("toolUse", "toolResult")):
            yield from self._tools(example)
        if self._method == "reinforcement" and not example.extra.get("reference_answer"):
            yield self._found("no-reference", example, "$.reference_answer")

    def media(self, example: Example, locate: Locate) -> Iterator[Finding]:
        """What is wrong with the objects that the example refers to."""
        for path, block in media_of(example):
            if block.owner is not None and not _OWNER.fullmatch(block.owner):
                yield self._found("media-owner", example, path, owner=block.owner)
            problem = locate(block).problem
            if problem:
                code, message, fix = problem.code, problem.message, problem.fix
                yield Finding(code, "error", example.file, example.line, message, fix, path)

    def estimate(self, example: Example, characters: int, locate: Locate) -> Estimate:
        """Tokens of texts and media together."""
        total = self._estimator.text(characters)
        for _, block in media_of(example):
            asset = locate(block)
            if asset.kind == "image":
                more = self._estimator.image(asset.width, asset.height)
            else:
                more = self._estimator.video(asset.seconds)
            total = Estimate(total.low + more.low, total.expected + more.expected, total.high + more.high)
        return total

    def size(self, example: Example, size: int, tokens: Estimate) -> Iterator[Finding]:
        """Too long for the model, or for one line."""
        limits = self._limits
        if limits.line_bytes and size > limits.line_bytes:
            yield self._found("line-too-long", example, size=size, limit=limits.line_bytes)
        if tokens.low > limits.context_tokens:
            yield self._found("too-many-tokens", example, tokens=tokens.low, limit=limits.context_tokens)
        elif tokens.high > limits.context_tokens:
            yield self._found("perhaps-too-many-tokens", example, tokens=tokens.high, limit=limits.context_tokens)

    def texts(self, example: Example, record: bytes) -> Iterator[Finding]:
        """Reserved words, damaged characters, personal data. ``record`` is the example as it will be written."""
        lower = record.lower()
        words = [word for word in self._words if word.mark in lower]
        private = privacy.suspicious(record)
        damaged = not record.isascii() and _damage_possible(record)
        if not (words or private or damaged):
            return
        for path, role, text in texts_of(example):
            for word in words:
                yield from word.check(example, path, role, text, self._method)
            if damaged:
                yield from self._damage(example, path, text)
            if private:
                codes: dict[str, str] = {}
                for secret in privacy.find(text):
                    codes.setdefault(secret.code, secret.kind)
                for code, kind in codes.items():
                    yield self._found(code, example, path, kind=kind)

    def _damage(self, example: Example, path: str, text: str) -> Iterator[Finding]:
        at = text.find("\ufffd")
        if at >= 0:
            yield self._found("replacement-character", example, path, excerpt=text[max(0, at - 20) : at + 20])
        if found := language.mojibake(text):
            yield self._found("mojibake", example, path, excerpt=found[0], rewrite=found[1])

    def _order(self, example: Example) -> Iterator[Finding]:
        turns = example.turns
        if turns[0].role != "user":
            yield self._found("first-turn", example, "$.messages[0]", role=turns[0].role)
        for place in range(1, len(turns)):
            if turns[place].role == turns[place - 1].role:
                yield self._found("turn-order", example, f"$.messages[{place}]", role=turns[place].role)
        last = turns[-1].role
        if last != "assistant" and self._method == "fine-tuning":
            yield self._found("no-answer", example, f"$.messages[{len(turns) - 1}]")
        if last != "user" and self._method == "reinforcement":
            yield self._found("answer-in-prompt", example, f"$.messages[{len(turns) - 1}]")

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
                yield self._found("media-not-supported", example, kind=kind)
            elif count > limit:
                yield self._found("too-many-media", example, kind=kind, count=count, limit=limit)
        if counts["image"] and counts["video"]:
            yield self._found("image-with-video", example)
        if counts["reasoningContent"] and not self._limits.reasoning:
            yield self._found("reasoning-not-supported", example)

    def _tools(self, example: Example) -> Iterator[Finding]:
        if not self._limits.tools and self._method != "reinforcement":
            yield self._found("tools-not-supported", example)
            return
        for code, path, values in tool_problems(example):
            yield self._found(code, example, path, **values)

    def _found(self, code: str, example: Example, path: str | None = None, **values: Any) -> Finding:
        return finding(code, example.file, example.line, path, **{"model": self._model, **values})


class _ReservedWord:
    """One of the model's own markers. Words count at a word's beginning only: ``robot:`` holds no ``Bot:``."""

    def __init__(self, word: str) -> None:
        self.word = word
        self.mark = word.lower().strip("\n").encode()
        self._pattern = re.compile(rf"(?<!\w){re.escape(word)}", re.IGNORECASE)

    def check(self, example: Example, path: str, role: Role | None, text: str, method: Method) -> Iterator[Finding]:
        found = {match.group() for match in self._pattern.finditer(text)}
        for word in sorted(found):
            sure = word == self.word and role != "assistant"
            code = "reserved-word" if sure else "reserved-word-perhaps"
            rewrite = word.strip().strip("<>[]").replace(":", " -")
            yield finding(code, example.file, example.line, path, word=word, rewrite=rewrite)


def media_of(example: Example) -> Iterator[tuple[str, Media]]:
    """Each media block with its path."""
    for place, turn in enumerate(example.turns):
        for at, block in enumerate(turn.blocks):
            if isinstance(block, Media):
                yield f"$.messages[{place}].content[{at}]", block


def texts_of(example: Example) -> Iterator[tuple[str, Role | None, str]]:
    """Each text with its path and who says it (None: the system prompt, or a document)."""
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


def _damage_possible(record: bytes) -> bool:
    """U+FFFD, or characters of U+0080 to U+00BF and typographic ones after accented letters, as damage leaves them."""
    return b"\xef\xbf\xbd" in record or b"\xc2" in record or b"\xc3\xa2\xe2\x82\xac" in record
