"""The chat service: find the version, check the key, translate, call the model, count usage."""

import json
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from itertools import chain, islice
from typing import Any, Protocol

from tailor.names import MAX_NAME, NAME
from tailor.serving import budgets, chat, completion, usage
from tailor.serving.admission import Admitted, admit
from tailor.serving.aliases import Alias, AliasStore, Offline, Version
from tailor.serving.deltas import DeltaTranslator, EventWriter
from tailor.serving.errors import ApiError, ModelCallError, to_api_error
from tailor.serving.estimates import prompt_tokens
from tailor.serving.fallback import PAUSED, fallback_for, fallback_while_paused
from tailor.serving.forms import form_of
from tailor.serving.keys import Caller
from tailor.serving.metering import Meter, Metered
from tailor.serving.pages import page
from tailor.serving.returning import ReturnStore, call_back, paused_error
from tailor.serving.schema import ChatRequest, check
from tailor.storage import Storage

JSON_TYPE = "application/json"
EVENTS_TYPE = "text/event-stream; charset=utf-8"


class Runtime(Protocol):
    """A client that calls models. Bedrock's are :func:`tailor.aws.signed_runtime.runtime`'s."""

    def converse(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return Converse's answer to its keyword arguments. Raises ModelCallError."""

    def stream(self, request: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        """Return the events of ConverseStream, as they come. Raises ModelCallError, also while they are read."""


@dataclass(frozen=True, slots=True)
class ApiAnswer:
    """A response to the caller; ``facts`` are ids and counts for the log.

    ``pieces``, in place of the body, are written as they come. They must be read to their end, whoever still listens:
    then the facts are complete, and the usage is counted.
    """

    body: str
    content_type: str = JSON_TYPE
    headers: dict[str, str] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    pieces: Iterator[str] | None = None


class ChatService:
    """The API's paths for chat and models.

    ``default_per_minute``: requests of a key that has no limit of its own; None for no limit. ``meter`` counts usage.
    ``uploads`` opens the bucket of uploads.
    """

    def __init__(
        self,
        aliases: AliasStore,
        counters: ReturnStore,
        runtime: Runtime,
        *,
        default_per_minute: int | None = None,
        meter: Meter | None = None,
        uploads: Callable[[], Storage] | None = None,
    ) -> None:
        self._uploads = uploads
        self._meter = meter or Meter(counters)
        self._aliases = aliases
        self._counters = counters
        self._runtime = runtime
        self._default_per_minute = default_per_minute

    def complete(self, body: bytes, caller: Caller) -> ApiAnswer:
        """Answer ``POST /v1/chat/completions``. Raises ApiError, ModelCallError and the library's own errors."""
        admitted = self._admit(body, caller)
        request = ChatRequest.read(admitted.document)
        _check_strictness(request.ignored, caller)
        include_usage = bool(request.stream_options and request.stream_options.include_usage)
        if request.stream and (request.n or 1) == 1:
            writer = partial(completion.CompletionStream, include_usage=include_usage)
            return self._stream(request, admitted, writer, request.ignored)
        result, headers, facts = self._answer(request, admitted)
        headers |= _named(request.ignored)
        if request.stream:
            return ApiAnswer(completion.to_events(result, include_usage=include_usage), EVENTS_TYPE, headers, facts)
        return ApiAnswer(json.dumps(result, ensure_ascii=False), JSON_TYPE, headers, facts)

    def respond(self, body: bytes, caller: Caller) -> ApiAnswer:
        """Answer ``POST /v1/responses``. Raises as :meth:`complete`."""
        from tailor.serving import responses  # few apps use it, and a cold start is short
        from tailor.serving.responses_request import ResponsesRequest

        admitted = self._admit(body, caller)
        request = check(ResponsesRequest, admitted.document)
        _check_strictness(request.ignored, caller)
        if request.stream:
            writer = partial(responses.ResponseStream, request=request)
            return self._stream(request.to_chat(), admitted, writer, request.ignored)
        result, headers, facts = self._answer(request.to_chat(), admitted)
        headers |= _named(request.ignored)
        response = responses.to_response(result, request)
        return ApiAnswer(json.dumps(response, ensure_ascii=False), JSON_TYPE, headers, facts)

    def _admit(self, body: bytes, caller: Caller) -> Admitted:
        """Return what the body's JSON says, and of whom. Raises ApiError: too much, or too many requests."""
        usual = self._default_per_minute
        admitted = admit(self._counters, body, caller, _checked(caller), default_per_minute=usual)
        if admitted.refused is None:
            return admitted
        try:
            metered = self._metered(str(admitted.document["model"]), admitted, None)
        except (ApiError, TypeError, KeyError):
            raise admitted.refused from None  # of a model that is not known: nothing to count it under
        with self._meter.failures_counted(metered):
            raise admitted.refused

    def _answer(
        self, request: ChatRequest, admitted: Admitted
    ) -> tuple[dict[str, Any], dict[str, str], dict[str, Any]]:
        """Call the model, or another in its place. Return the completion, the answer's headers and the log's facts."""
        return self._from_either(request, admitted, lambda metered: self._answer_of(request, admitted, metered))

    def _from_either[A](self, request: ChatRequest, admitted: Admitted, answer: Callable[[Metered], A]) -> A:
        """Return the live version's answer, or that of its fallback where it fails. A pinned version has none."""
        metered = self._metered(request.model, admitted, request.metadata)
        try:
            return answer(metered)
        except ModelCallError as failure:
            pinned = "@" in request.model
            other = None if pinned else fallback_for(metered.alias, metered.version, failure)
            if other is None:
                raise
            caller, alias, now = metered.caller, metered.alias, metered.now
            again = self._meter.metered(caller, alias, other.version, request.metadata, now, other)
            try:
                return answer(replace(again, again=True))
            except ApiError:
                raise failure from None  # the other one can't take this request, pictures for example

    def _answer_of(
        self, request: ChatRequest, admitted: Admitted, metered: Metered
    ) -> tuple[dict[str, Any], dict[str, str], dict[str, Any]]:
        """Call one model and count what it used."""
        with self._meter.failures_counted(metered):
            converse, headers = self._prepared(request, metered, admitted)
            started = time.monotonic()
            answers, failures = self._ask(converse, request.n or 1)
            facts = _facts(metered) | completion.tokens_of([answer["usage"] for answer in answers])
            facts["stop_reason"] = ",".join(str(answer.get("stopReason")) for answer in answers)
            facts["model_ms"] = round((time.monotonic() - started) * 1000)
            if late := sum(map(_timed_out, failures)):
                facts["estimated"] = late
                facts["input_tokens"] += late * prompt_tokens(converse)
            if used := len(answers) + late:
                facts |= self._meter.answered(metered.asked(converse), facts, used)
            if failures:
                raise failures[0]
        result = completion.to_completion(
            answers,
            model=metered.alias.project,
            version=metered.version.run,
            created=int(admitted.now.timestamp()),
            form=form_of(request),
            one_call=request.parallel_tool_calls is False,
            fallback=metered.fallback,
        )
        return result, headers, facts

    def _metered(self, model: str, admitted: Admitted, metadata: Mapping[str, str] | None) -> Metered:
        """Find the model; return what the request is counted under."""
        caller, now = admitted.caller, admitted.now
        try:
            alias, version = self._resolve(model, caller, admitted)
        except ApiError as refusal:
            other = fallback_while_paused(admitted.alias) if refusal.code == PAUSED and admitted.alias else None
            if other is None or admitted.alias is None:
                raise
            return self._meter.metered(caller, admitted.alias, other.version, metadata, now, other)
        return self._meter.metered(caller, alias, version, metadata, now)

    def _prepared(
        self, request: ChatRequest, metered: Metered, admitted: Admitted
    ) -> tuple[dict[str, Any], dict[str, str]]:
        """Return Converse's keyword arguments and the answer's headers. Raises ApiError 400 and 429."""
        version, wanted = metered.version, request.n or 1
        budgets.check(admitted.spent, metered.caller, metered.alias, metered.now)
        converse = chat.to_converse(request, metered.alias.project, version, self._uploads)
        headers = admitted.headers | (metered.fallback.headers() if metered.fallback else {})
        if wanted > 1 and not metered.again:
            usual = self._default_per_minute
            more = usage.admit(
                self._counters, metered.caller, metered.now, answers=wanted - 1, default_per_minute=usual
            )
            headers = headers | more
        headers = headers | metered.reservation.reserve(converse, wanted)
        return converse, headers | {"x-tailor-version": version.run}

    def _stream(
        self,
        request: ChatRequest,
        admitted: Admitted,
        writer: Callable[[Mapping[str, Any]], EventWriter],
        ignored: Sequence[str],
    ) -> ApiAnswer:
        """Return the answer with its first event at hand: an error before it is a plain answer of its own status."""

        def answer(metered: Metered) -> ApiAnswer:
            return self._stream_of(request, admitted, metered, writer, ignored)

        return self._from_either(request, admitted, answer)

    def _stream_of(
        self,
        request: ChatRequest,
        admitted: Admitted,
        metered: Metered,
        writer: Callable[[Mapping[str, Any]], EventWriter],
        ignored: Sequence[str],
    ) -> ApiAnswer:
        """Return the stream of one model."""
        facts = _facts(metered)
        with self._meter.failures_counted(metered):
            converse, headers = self._prepared(request, metered, admitted)
            metered = metered.asked(converse)
            started = time.monotonic()
            try:
                events = self._runtime.stream(converse)
                first = list(islice(events, 1))
            except ModelCallError as error:
                if _timed_out(error):
                    self._meter.answered(metered, facts | {"input_tokens": prompt_tokens(converse), "estimated": 1}, 1)
                raise
        facts["first_event_ms"] = round((time.monotonic() - started) * 1000)
        one_call, has_tools = request.parallel_tool_calls is False, bool(request.tools)
        translation = DeltaTranslator(form_of(request), one_call=one_call, has_tools=has_tools)
        created = int(admitted.now.timestamp())
        frame = completion.frame_of(metered.alias.project, metered.version.run, created, metered.fallback)
        written = writer(frame)
        pieces = translation.pieces(chain(first, events), written)

        def body() -> Iterator[str]:
            last = ""
            try:
                last = yield from pieces
            except Exception as error:
                failure = to_api_error(error)
                last = written.fail(failure)
                facts.update(error=type(error).__name__, code=failure.code)
                if failure.http_status == 500:
                    facts["frames"] = traceback.format_tb(error.__traceback__)
            finally:
                facts.update(translation.facts(converse), model_ms=round((time.monotonic() - started) * 1000))
                facts.update(self._meter.answered(metered, facts, 1))
            yield last

        return ApiAnswer("", EVENTS_TYPE, headers | _named(ignored), facts, body())

    def _ask(self, converse: Mapping[str, Any], wanted: int) -> tuple[list[dict[str, Any]], list[Exception]]:
        """Call the model for each answer that is wanted; return the answers, and the failures of calls."""
        with ThreadPoolExecutor(wanted) as pool:
            calls = [pool.submit(self._runtime.converse, converse) for _ in range(wanted)]
        failures = [failure for call in calls if isinstance(failure := call.exception(), Exception)]
        return [call.result() for call in calls if call.exception() is None], failures

    def models(self, caller: Caller, query: Mapping[str, str]) -> ApiAnswer:
        """Answer ``GET /v1/models``: the live models that the key may call. Raises ApiError."""
        _checked(caller)
        aliases = [self._aliases.alias(project) for project in sorted(caller.projects)]
        data = [_model(alias.project, alias.live) for alias in aliases if alias.live]
        return ApiAnswer(json.dumps(page(data, query), ensure_ascii=False))

    def usage(self, caller: Caller, query: Mapping[str, str]) -> ApiAnswer:
        """Answer ``GET /v1/usage``: what the key has used. Raises ApiError."""
        from tailor.serving.own_usage import own_usage  # few apps ask, and a cold start is short

        document = own_usage(self._counters, self._meter.pricing, caller, query, _checked(caller))
        return ApiAnswer(json.dumps(document, ensure_ascii=False))

    def model(self, name: str, caller: Caller) -> ApiAnswer:
        """Answer ``GET /v1/models/{id}``. Raises ApiError."""
        _checked(caller)
        alias, version = self._resolve(name, caller, None)
        return ApiAnswer(json.dumps(_model(alias.project, version)), headers={"x-tailor-version": version.run})

    def _resolve(self, name: str, caller: Caller, called: Admitted | None) -> tuple[Alias, Version]:
        """Return the alias and version of ``<project>``, ``<project>@<run>`` or ``<project>@base``.

        An unknown project is 404; one that the key may not call is 403 if it has a live version. So a key's owner can
        learn that a guessed name is live, and no more: project names are not secret within an installation.

        Args:
            called: a call, which brings a paused version back unless it is refused; None for a look.
        """
        project, pinned, run = name.partition("@")
        if len(project) > MAX_NAME or not NAME.fullmatch(project):
            raise _unknown(name)
        alias: Alias = (called and called.alias) or self._aliases.alias(project)
        if project not in caller.projects:
            raise _forbidden(project) if alias.live else _unknown(name)
        version = _pinned(alias, run) if pinned else alias.live
        if version is None and alias.paused and not pinned:
            if called is None or called.refused:
                raise paused_error(project, alias.paused, datetime.now(UTC))
            raise call_back(self._counters, alias, alias.paused, called)
        if version is None:
            raise _offline(project, alias.offline) if alias.offline else _unknown(name)
        return alias, version


def _pinned(alias: Alias, name: str) -> Version | None:
    """Return the version of a run, or the live version's base model, as the fallback would ask it."""
    if name == "base":
        return alias.live.as_base() if alias.live else None
    return alias.find(name)


def _facts(metered: Metered) -> dict[str, Any]:
    marked = {"fallback": metered.fallback.mark()} if metered.fallback else {}
    return {"project": metered.alias.project, "version": metered.version.run, "key": metered.caller.key} | marked


def _timed_out(failure: Exception) -> bool:
    """Return whether a call was cut short, which Bedrock bills all the same."""
    return isinstance(failure, ModelCallError) and failure.reason == "ModelTimeoutException"


def _model(project: str, version: Version) -> dict[str, Any]:
    created = int(version.promoted_at.timestamp()) if version.promoted_at else 0
    return {"id": project, "object": "model", "created": created, "owned_by": "tailor", "version": version.run}


def _named(ignored: Sequence[str]) -> dict[str, str]:
    """Return the header that names the parameters of a request that had no effect."""
    return {"x-tailor-ignored": ", ".join(ignored)} if ignored else {}


def _check_strictness(ignored: Sequence[str], caller: Caller) -> None:
    """Refuse parameters without effect to a strict key. Raises ApiError 400."""
    if caller.strict and ignored:
        message = f"{', '.join(ignored)}: without effect here, and this key is strict"
        raise ApiError(400, message, code="unknown_parameter", param=ignored[0])


def _checked(caller: Caller) -> datetime:
    """Refuse an expired key, which API Gateway may still have cached, and one without the scope chat.

    Returns the time of the request.
    """
    now = datetime.now(UTC)
    if caller.expires_at and caller.expires_at <= now:
        raise ApiError(401, "the API key has expired", code="invalid_api_key")
    if "chat" not in caller.scopes:
        raise ApiError(403, "this key may not call models: it lacks the scope chat", code="access_denied")
    return now


def _unknown(name: str) -> ApiError:
    message = f"there is no model {name[:128]!r}: GET /v1/models lists the models of this key"
    return ApiError(404, message, code="model_not_found", param="model")


def _offline(project: str, offline: Offline) -> ApiError:
    """Return a 404: a 5xx would be retried. The operator knows who took it offline and why."""
    message = f"the model {project!r} was taken offline on {offline.at:%Y-%m-%d %H:%M} UTC: ask its operator"
    return ApiError(404, message, code="model_offline", param="model")


def _forbidden(project: str) -> ApiError:
    message = f"this key may not use the model {project!r}: ask for a key of that project"
    return ApiError(403, message, code="model_access_denied", param="model")
