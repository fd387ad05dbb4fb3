"""Translate the events of ConverseStream, as they come, to the deltas of a chat completion."""

import json
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Protocol

from tailor.reasoning import Parting
from tailor.serving.completion import finish_of, tokens_of, usage_of
from tailor.serving.errors import ApiError
from tailor.serving.estimates import answer_tokens, prompt_tokens
from tailor.serving.forms import Form

type Delta = dict[str, Any]


class EventWriter(Protocol):
    """Writes server-sent events of one answer: :class:`CompletionStream` and :class:`ResponseStream`."""

    def begin(self) -> str: ...
    def piece(self, delta: Mapping[str, Any]) -> str: ...
    def end(self, finish: str, usage: Mapping[str, Any]) -> str: ...
    def fail(self, error: ApiError) -> str: ...


_IGNORED = -1  # place of a call that is not returned


class DeltaTranslator:
    """One answer. ``usage`` and ``reason`` (to stop) are known once their events were read.

    Args:
        form: that the answer must have, unless it calls a tool. The input of the form's tool is the content. It
            streams only where it is the content for certain: not from within a wrapping, nor beside other tools.
        one_call: keep the first call of a tool only.
    """

    def __init__(self, form: Form | None, *, one_call: bool, has_tools: bool) -> None:
        self.usage: Mapping[str, int] | None = None
        self.reason: str | None = None
        self._form = form
        self._form_streams = form is not None and not form.wrapped and not has_tools
        self._one_call = one_call
        self._parting = Parting()
        self._text: list[str] = []  # beside a form: it is the content only if there is nothing better
        self._calls: dict[int, int] = {}  # content block → place among the calls
        self._silent: set[int] = set()  # calls without any input so far
        self._form_block: int | None = None
        self._given: list[str] = []  # the input of the form's tool
        self._pieces = self._size = 0  # texts of the answer, and their bytes

    def deltas(self, events: Iterable[Mapping[str, Any]]) -> Iterator[Delta]:
        """Return deltas until the events end. Raises what reading an event raises."""
        for event in events:
            match event:
                case {"contentBlockStart": {"start": {"toolUse": use}, "contentBlockIndex": block}}:
                    yield from self._begun(block, use)
                case {"contentBlockDelta": {"delta": delta, "contentBlockIndex": block}}:
                    yield from self._given_on(block, delta)
                case {"contentBlockStop": {"contentBlockIndex": block}} if self._calls.get(block) in self._silent:
                    yield _arguments(self._calls[block], "{}")
                case {"messageStop": {"stopReason": reason}}:
                    self.reason = reason
                case {"metadata": {"usage": usage}}:
                    self.usage = usage

    def pieces(self, events: Iterable[Mapping[str, Any]], writer: EventWriter) -> Generator[str, None, str]:
        """Yield the answer as it comes, as ``writer`` writes it; return its end.

        Raises:
            ApiError: 502, the answer is incomplete or unusable.
        """
        yield writer.begin()
        yield from filter(None, map(writer.piece, self.deltas(events)))
        held, finish = self.end()
        yield from filter(None, map(writer.piece, held))
        return writer.end(finish, usage_of([self.usage or {}]))

    def facts(self, converse: Mapping[str, Any]) -> dict[str, Any]:
        """Return counts for the log and the usage: Bedrock's, or an estimate, marked as such, where it told none.

        Args:
            converse: the request that was answered.
        """
        told = {"stop_reason": self.reason}
        if self.usage:
            return tokens_of([self.usage]) | told
        answered = answer_tokens(self._pieces, self._size)
        return {"input_tokens": prompt_tokens(converse), "output_tokens": answered, "estimated": 1} | told

    def end(self) -> tuple[list[Delta], str]:
        """Return the deltas that were held back, and the finish reason.

        Raises:
            ApiError: 502, the answer is incomplete or unusable.
        """
        calls = any(place != _IGNORED for place in self._calls.values())
        structured = self._structured()
        finish = finish_of(self.reason, calls=calls, formless=self._form is not None and structured is None)
        thought, text = self._parting.end()
        if self._form_streams and self._given:
            text = ""  # the content is already said
        elif structured is not None and not calls:
            text = structured
        elif self._form:
            text = "".join([*self._text, text])
        held = {"reasoning_content": thought, "content": text}
        return [{name: value} for name, value in held.items() if value], finish

    def _structured(self) -> str | None:
        given: Any = None
        with suppress(ValueError):
            given = json.loads("".join(self._given) or "{}") if self._form_block is not None else None
        return self._form.answer(given) if self._form and isinstance(given, dict) else None

    def _begun(self, block: int, use: Mapping[str, Any]) -> Iterator[Delta]:
        if self._form and use["name"] == self._form.name:
            self._form_block = block if self._form_block is None else self._form_block
            return
        place = _IGNORED if self._one_call and self._calls else len(self._calls)
        self._calls[block] = place
        if place != _IGNORED:
            self._silent.add(place)
            function = {"name": use["name"], "arguments": ""}
            yield {"tool_calls": [{"index": place, "id": use["toolUseId"], "type": "function", "function": function}]}

    def _given_on(self, block: int, delta: Mapping[str, Any]) -> Iterator[Delta]:
        match delta:
            case {"text": str(text)} | {"reasoningContent": {"text": str(text)}} | {"toolUse": {"input": str(text)}}:
                self._pieces += 1
                self._size += len(text.encode(errors="replace"))
        match delta:
            case {"text": str(text)}:
                thought, known = self._parting.feed(text)
                if thought:
                    yield {"reasoning_content": thought}
                if self._form:
                    self._text.append(known)
                elif known:
                    yield {"content": known}
            case {"reasoningContent": {"text": str(text)}} if text:
                yield {"reasoning_content": text}
            case {"toolUse": {"input": str(text)}} if text:
                yield from self._input(block, text)

    def _input(self, block: int, text: str) -> Iterator[Delta]:
        place = self._calls.get(block, _IGNORED)
        if block == self._form_block:
            self._given.append(text)
            if self._form_streams:
                yield {"content": text}
        elif place != _IGNORED:
            self._silent.discard(place)
            yield _arguments(place, text)


def _arguments(place: int, text: str) -> Delta:
    return {"tool_calls": [{"index": place, "function": {"arguments": text}}]}
