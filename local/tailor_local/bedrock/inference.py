"""Serve Converse and InvokeModel: find the model, read the question, return the answer."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from tailor_local.bedrock import conversation, foundation, guardrails, tokens, tools
from tailor_local.bedrock.context import Call
from tailor_local.bedrock.deployments import find_deployment, find_throughput, settle
from tailor_local.bedrock.errors import ServiceError, invalid
from tailor_local.bedrock.foundation import FoundationModel
from tailor_local.bedrock.learner import base
from tailor_local.bedrock.learner.features import Prompt
from tailor_local.bedrock.learner.models import LearnedModel, load

Reader = Callable[[str], bytes]
GUARDED = "guardrail_intervened"


@dataclass(frozen=True)
class Target:
    """A model that answers: a foundation model, with what a job taught it."""

    name: str  # the id or ARN that was called
    foundation: FoundationModel
    weights: Path | None


@dataclass(frozen=True)
class Reply:
    text: str
    stop_reason: str
    input_tokens: int
    output_tokens: int
    milliseconds: int
    called: dict[str, Any] | None = None

    @property
    def usage(self) -> dict[str, int]:
        return {
            "inputTokens": self.input_tokens,
            "outputTokens": self.output_tokens,
            "totalTokens": self.input_tokens + self.output_tokens,
        }


def target(call: Call) -> Target:
    """Return the model that ``modelId`` names. Raises as Bedrock does for what can't be invoked."""
    identifier = call.request["modelId"]
    with call.standin.store.lock:
        if ":custom-model-deployment/" in identifier:
            deployment = find_deployment(call.state, call.scope, identifier)
            settle(deployment, call.now)
            status = deployment.status(call.now)
            _check_ready(status, "Active")
            model = call.state.models[deployment.model_arn]
            call.standin.rates.count(f"custom {model.base}", call.standin.quota("custom-requests-a-minute"))
        elif ":provisioned-model/" in identifier:
            throughput = find_throughput(call.state, call.scope, identifier)
            _check_ready(throughput.status(call.now), "InService", "Updating")
            model = call.state.models[throughput.model_arn]
        else:
            base_model = foundation.invoked(identifier, call.scope, call.standin.desk.faults)
            call.standin.rates.count(base_model.id, call.standin.quota("base-requests-a-minute"))
            return Target(identifier, base_model, None)
        return Target(identifier, foundation.of_model(model.base), call.standin.directory / model.weights)


def _check_ready(status: str, *ready: str) -> None:
    if status == "Failed":
        raise invalid("The model can't serve requests: its deployment failed.")
    if status not in ready:
        raise ServiceError("ModelNotReadyException", "The model is not ready for inference. Wait and try again.")


@lru_cache(maxsize=16)
def _loaded(weights: Path) -> LearnedModel:
    return load(weights.read_bytes())


def reply(call: Call, asked: Target, request: dict[str, Any], read: Reader) -> Reply:
    """Return the model's answer to a Converse request, by member."""
    started = time.monotonic()
    prompt, input_tokens = conversation.prompt_of(request, asked.foundation, read)
    if refusal := guardrails.blocked(call, f"{prompt.history} {prompt.question}", "input"):
        return Reply(refusal, GUARDED, 0, 0, 0)
    context = asked.foundation.context_tokens
    if context is not None and input_tokens > context:
        raise invalid("Input is too long for requested model.")
    config = request.get("inferenceConfig") or {}
    limit = config.get("maxTokens", asked.foundation.max_output_tokens)
    if limit > asked.foundation.max_output_tokens:
        raise invalid(
            f"The maximum tokens you requested exceeds the model limit of {asked.foundation.max_output_tokens}. "
            "Try again with a maximum tokens value that is lower."
        )
    text, reason = _cut(said(asked, prompt), limit, config.get("stopSequences") or [])
    refusal = guardrails.blocked(call, text, "output")
    output_tokens = tokens.of_text(text)
    with call.standin.store.lock:
        call.state.meter(asked.name, input_tokens, output_tokens)
    if refusal:
        return Reply(refusal, GUARDED, input_tokens, output_tokens, int((time.monotonic() - started) * 1000))
    tool = tools.chosen(request, prompt.question)
    called = tools.call(tool, text) if tool else None
    reason = "tool_use" if called else reason
    return Reply(text, reason, input_tokens, output_tokens, int((time.monotonic() - started) * 1000), called)


def said(asked: Target, prompt: Prompt) -> str:
    learned = _loaded(asked.weights).answer(prompt) if asked.weights else None
    return learned if learned is not None else base.answer(prompt, asked.foundation.id, asked.foundation.teacher)


def _cut(text: str, limit: int, stops: list[str]) -> tuple[str, str]:
    """``text`` up to a stop sequence or the token limit, and why it ended."""
    ends = [(text.index(stop), stop) for stop in stops if stop in text]
    if ends:
        return text[: min(ends)[0]], "stop_sequence"
    if tokens.of_text(text) <= limit:
        return text, "end_turn"
    kept = text.split(" ")
    while kept and tokens.of_text(" ".join(kept)) > limit:
        kept.pop()
    return " ".join(kept), "max_tokens"
