"""Compare an account's quotas with a run: the duration of its evaluation, and the increases to request from AWS.

Quotas are found by their code if a public source names it, otherwise by their name; a quota that is not found is
reported as unknown.
"""

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from tailor import catalog
from tailor.catalog import Model, teacher_of
from tailor.errors import TailorError
from tailor.evaluation import sizes
from tailor.recipe import Method
from tailor.training.calls import answer_tokens, general_questions
from tailor.training.preflight import PreflightCheck
from tailor.training.quote import Basis

BEDROCK, LAMBDA, SAGEMAKER = "bedrock", "lambda", "sagemaker"
SHORT = 60.0  # minutes that an evaluation may take before anybody need ask AWS for more
FEW_FUNCTIONS = 50
ENOUGH_FUNCTIONS = 1000  # Lambda's default
What = Literal["requests", "tokens"]
_WHAT: tuple[What, What] = ("requests", "tokens")


class QuotaSource(Protocol):
    """Service Quotas; the implementation is :class:`tailor.aws.service_quotas.ServiceQuotas`."""

    def quotas(self, service: str) -> list[Mapping[str, Any]]:
        """Return all quotas of a service, in the API's shape. Raises the errors of :mod:`tailor.errors`."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A quota that is looked for: by ``code`` where it is known, else by ``name``, a pattern in lower case."""

    name: str
    code: str = ""

    def find(self, quotas: Iterable[Mapping[str, Any]]) -> Mapping[str, Any] | None:
        known = list(quotas)
        by_code = (quota for quota in known if self.code and quota["QuotaCode"] == self.code)
        by_name = (quota for quota in known if re.fullmatch(self.name, str(quota["QuotaName"]).lower()))
        return next(by_code, None) or next(by_name, None)


# Codes: docs.aws.amazon.com/general/latest/gr/bedrock.html, and public projects that read them from Service Quotas.
MODELS = Wanted(r".*custom models per account")
JOBS = Wanted(r".*scheduled customization jobs", "L-0406044C")
DEPLOYMENTS = Wanted(r".*total.* custom model deployments", "L-1EF80F3E")
STARTING = Wanted(r".*in-progress custom model deployments", "L-430C95DD")
UNITS = Wanted(r"model units no-commitment provisioned throughputs across custom models", "L-BE77399C")
FUNCTIONS = Wanted(r"concurrent executions", "L-B99A9384")


def rate_of(model: Model, region: str, what: What, *, custom: bool) -> Wanted:
    """Return the quota of requests or tokens a minute for calls of a model in a Region, or of all its custom models."""
    title = re.escape(model.title.lower()) + r"(?: v\d+)?"
    if custom:
        return Wanted(rf".*custom model deployment {what} per minute for {title}")
    kind = "on-demand" if model.invoked_in(region) == model.base_id else "cross-region"
    return Wanted(rf"{kind} (?:model inference|invokemodel) {what} per minute for {title}")


def instances(instance_type: str) -> Wanted:
    """Return the quota of instances of a type for SageMaker's training jobs."""
    return Wanted(re.escape(instance_type) + r" for training job usage")


@dataclass(frozen=True, slots=True)
class Load:
    """Calls of one model, or of custom models of it, that count against the same quotas."""

    model: Model
    custom: bool
    requests: int
    tokens: int

    @property
    def whose(self) -> str:
        return f"a custom {self.model.title}" if self.custom else self.model.title


def loads(basis: Basis) -> list[Load]:
    """Return an evaluation's likely calls and tokens for each model, without headroom and repeats."""
    recipe, model = basis.recipe, basis.model
    rows = basis.held_out
    if recipe.method == "continued-pre-training":
        own = int(basis.manifest.get("questions", {}).get("rows", 0))
        rows = min(own or rows * sizes.CLOZE_A_DOCUMENT, recipe.evaluation.max_rows)
    answer = float(answer_tokens(recipe.evaluation.max_tokens).expected)
    prompt, shown = float(basis.prompt.expected), float(basis.row.expected) * recipe.evaluation.few_shot
    general, asked = (0.0, 0.0)
    if recipe.evaluation.regression:
        count, tokens = general_questions(recipe, model)
        general, asked = float(count.expected), float(tokens.expected)
    whole = rows * (prompt + answer) + asked + general * sizes.GENERAL_ANSWER / 4
    base_requests, base_tokens = rows + general, whole
    if recipe.evaluation.few_shot:
        base_requests, base_tokens = base_requests + rows, base_tokens + rows * (prompt + answer + shown)
    live = rows if basis.live else 0
    found = [
        Load(model, True, math.ceil(rows + general + live), math.ceil(whole + live * (prompt + answer))),
        Load(model, False, math.ceil(base_requests), math.ceil(base_tokens)),
    ]
    if recipe.method == "distillation":
        found.append(Load(teacher_of(recipe, model), False, rows, math.ceil(rows * (prompt + answer))))
    if recipe.evaluation.judge:
        pairs = 2 * min(recipe.evaluation.judge_rows, rows)
        each = prompt + 2 * answer + sizes.JUDGE_INSTRUCTION + sizes.JUDGE_ANSWER
        found.append(Load(catalog.model(recipe.evaluation.judge), False, pairs, math.ceil(pairs * each)))
    return found


def check_capacity(quotas: QuotaSource, model: Model, region: str, basis: Basis | None = None) -> list[PreflightCheck]:
    """Report what the account's quotas allow; with ``basis``, how long that run's evaluation takes. Never raises."""
    bedrock, problem = _asked(quotas, BEDROCK)
    functions, unreadable = _asked(quotas, LAMBDA)
    return [
        _count("jobs", JOBS, bedrock, problem, "customization jobs at once; further runs wait their turn"),
        _count("deployments", DEPLOYMENTS, bedrock, problem, "custom model deployments, of all projects"),
        _count("deploying", STARTING, bedrock, problem, "deployments at once that are not yet active"),
        _functions(functions, unreadable),
        _rate("custom-rate", Load(model, True, 0, 0), region, bedrock, problem),
        _rate("base-rate", Load(model, False, 0, 0), region, bedrock, problem),
        *_units(model, basis, bedrock, problem),
        *([_duration(loads(basis), region, bedrock, problem)] if basis else []),
    ]


def check_instances(quotas: QuotaSource, model: Model, method: Method) -> list[PreflightCheck]:
    """Report how many instances the account's quota lets SageMaker's training jobs have; none if it trains no such."""
    facts = model.methods.get(method)
    if facts is None or facts.sagemaker is None:
        return []
    job, (known, problem) = facts.sagemaker, _asked(quotas, SAGEMAKER)
    wanted = instances(job.instance_type)
    what = f"{job.instance_type} at once for SageMaker's training jobs, of {job.instances} that one takes"
    return [_count("instances", wanted, known, problem, what, job.instances)]


def _asked(quotas: QuotaSource, service: str) -> tuple[list[Mapping[str, Any]], str]:
    try:
        return quotas.quotas(service), ""
    except TailorError as error:
        return [], error.message


def _unknown(name: str, what: str, problem: str) -> PreflightCheck:
    if problem:
        remedy = "let the caller do servicequotas:ListServiceQuotas and servicequotas:ListAWSDefaultServiceQuotas"
        return PreflightCheck(name, "unknown", f"{what}: not known ({problem})", remedy)
    return PreflightCheck(name, "unknown", f"{what}: Service Quotas lists none by that name; look in its console")


def _units(model: Model, basis: Basis | None, known: list[Mapping[str, Any]], problem: str) -> Iterator[PreflightCheck]:
    """Check the quotas of model units, where the recipe asks for some or nothing else serves the model."""
    wanted = basis.recipe.deployment if basis else None
    if model.hosting.kinds != ("provisioned",) and (wanted is None or wanted.kind != "provisioned"):
        return
    units = wanted.units if wanted else 1
    of_one = Wanted(rf"model units per provisioned model for {re.escape(model.title.lower())}")
    together = "model units without a commitment, of all custom models together"
    yield _count("units", UNITS, known, problem, together, units)
    yield _count("units-of-model", of_one, known, problem, f"model units for one {model.title}", units)


def _count(
    name: str, wanted: Wanted, known: list[Mapping[str, Any]], problem: str, what: str, needed: int = 1
) -> PreflightCheck:
    quota = wanted.find(known)
    if quota is None:
        return _unknown(name, what, problem)
    most = quota["Value"]
    if most < needed:
        return PreflightCheck(name, "warning", f"{most:g} {what}", ask_for(quota, needed))
    return PreflightCheck(name, "ok", f"{most:g} {what}")


def _functions(known: list[Mapping[str, Any]], problem: str) -> PreflightCheck:
    quota = FUNCTIONS.find(known)
    if quota is None:
        return _unknown("functions", "Lambda functions at once", problem)
    message = f"{quota['Value']:g} Lambda functions at once in this account and Region"
    if quota["Value"] < FEW_FUNCTIONS:
        message += ": uploads, evaluations and the API share them, and calls of the API may be throttled meanwhile"
        return PreflightCheck("functions", "warning", message, ask_for(quota, ENOUGH_FUNCTIONS))
    return PreflightCheck("functions", "ok", message)


def _rate(name: str, load: Load, region: str, known: list[Mapping[str, Any]], problem: str) -> PreflightCheck:
    requests, tokens = (rate_of(load.model, region, what, custom=load.custom).find(known) for what in _WHAT)
    if requests is None and tokens is None:
        return _unknown(name, f"calls of {load.whose} a minute", problem)
    given = [
        f"{quota['Value']:,.0f} {what}"
        for quota, what in ((requests, "requests"), (tokens, "tokens"))
        if quota is not None
    ]
    message = f"{' and '.join(given)} a minute of {load.whose}"
    refusing = next((quota for quota in (requests, tokens) if quota is not None and quota["Value"] <= 0), None)
    if refusing is not None:
        return PreflightCheck(name, "warning", f"{message}: every call is refused", ask_for(refusing, 100))
    return PreflightCheck(name, "ok", message)


def _duration(asked: list[Load], region: str, known: list[Mapping[str, Any]], problem: str) -> PreflightCheck:
    """Return how long the slowest model takes: each is asked at its own rate."""
    found: list[tuple[float, str, Mapping[str, Any], int]] = []
    unknown = []
    for load in _together(asked):
        for what, amount in zip(_WHAT, (load.requests, load.tokens), strict=True):
            quota = rate_of(load.model, region, what, custom=load.custom).find(known)
            if quota is None:
                unknown.append(f"{what} of {load.whose}")
                continue
            minutes = amount / quota["Value"] if quota["Value"] > 0 else math.inf
            said = f"{amount:,} {what} of {load.whose} at {quota['Value']:,.0f} a minute"
            found.append((minutes, said, quota, amount))
    if not found:
        return _unknown("evaluation-time", "how long the evaluation takes", problem)
    minutes, said, quota, amount = max(found, key=lambda each: each[0])
    takes = "can't be done" if math.isinf(minutes) else f"takes at least {_duration_of(minutes)}"
    message = f"the evaluation {takes}: {said}"
    if unknown:
        message += f"; not known: {', '.join(unknown)}"
    if minutes > SHORT:
        return PreflightCheck("evaluation-time", "warning", message, ask_for(quota, math.ceil(amount / SHORT)))
    return PreflightCheck("evaluation-time", "ok", message)


def _together(asked: list[Load]) -> list[Load]:
    """Merge loads that count against the same quotas."""
    found: dict[tuple[str, bool], Load] = {}
    for load in asked:
        key = load.model.name, load.custom
        before = found.get(key, Load(load.model, load.custom, 0, 0))
        found[key] = Load(load.model, load.custom, before.requests + load.requests, before.tokens + load.tokens)
    return list(found.values())


def _duration_of(minutes: float) -> str:
    if minutes < 1:
        return "a minute"
    return f"{math.ceil(minutes)} minutes" if minutes < 120 else f"{minutes / 60:.1f} hours"


def ask_for(quota: Mapping[str, Any], value: int) -> str:
    """Describe the increase to request from AWS."""
    where = "Service Quotas" if quota.get("Adjustable") else "AWS Support (Service Quotas does not raise it)"
    return f'ask {where} for "{quota["QuotaName"]}" ({quota["QuotaCode"]}): {value:,} instead of {quota["Value"]:,.0f}'
