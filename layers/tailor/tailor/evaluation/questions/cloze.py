"""Make questions from documents: the next word in held-out ones, and the continuation of training documents."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from tailor.evaluation.questions.arms import rank
from tailor.evaluation.questions.held_out import Row
from tailor.evaluation.sizes import CLOZE_A_DOCUMENT, CONTEXT_WORDS, PREFIX_WORDS, PROBES
from tailor.prepared import document_in

_INSTRUCTION = "Continue the text with its next word. Answer with that word and nothing else."
SYSTEM: tuple[dict[str, Any], ...] = ({"text": _INSTRUCTION},)
_RECITE = "Continue the text word for word, as it goes on in the original."
_WORD = re.compile(r"\S+")
_RECITED_WORDS = 25


def cloze_rows(rows: Sequence[Row], most: int, seed: int = 0) -> list[Row]:
    """Return questions for documents (rows without messages); other rows are unchanged. A document is a group."""
    made: list[Row] = []
    for row in rows:
        if row.messages:
            made.append(row)
        else:
            made += [question for text in row.references for question in _cloze(row, text, seed)]
    return made[:most]


def _cloze(row: Row, text: str, seed: int) -> Iterable[Row]:
    """Yield questions for longer words: short ones follow from grammar, not from the domain."""
    words = list(_WORD.finditer(text))
    letters = [re.sub(r"\W", "", word.group()) for word in words]
    places = [place for place in range(8, len(words)) if len(letters[place]) > 3 and letters[place].isalpha()]
    places = places or [place for place in range(8, len(words)) if letters[place]]
    for place in sorted(sorted(places, key=lambda place: rank(seed, f"{row.id}:{place}"))[:CLOZE_A_DOCUMENT]):
        start = words[max(0, place - CONTEXT_WORDS)].start()
        yield Row(
            id=f"{row.id}-w{place}",
            references=(letters[place],),
            group=row.group,
            category=row.category,
            messages=_prompt(text[start : words[place].start()].rstrip()),
            system=SYSTEM,
            source=row.source,
        )


def _prompt(text: str) -> tuple[dict[str, Any], ...]:
    return ({"role": "user", "content": [{"text": text}]},)


def probe_rows(train: Iterable[bytes], seed: int = 0) -> list[Row]:
    """Return beginnings of training documents; the reference is the continuation."""
    documents = sorted((rank(seed, line.decode("utf-8", "replace")), line) for line in train if line.strip())
    rows: list[Row] = []
    for place, (_, line) in enumerate(documents):
        words = _WORD.findall(document_in(orjson.loads(line)) or "")
        if len(words) >= PREFIX_WORDS + _RECITED_WORDS and len(rows) < PROBES:
            rest = " ".join(words[PREFIX_WORDS : PREFIX_WORDS + _RECITED_WORDS])
            messages = _prompt(" ".join(words[:PREFIX_WORDS]))
            rows.append(Row(f"probe-{place}", (rest,), f"probe-{place}", None, messages, ({"text": _RECITE},)))
    return rows
