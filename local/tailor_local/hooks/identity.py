"""Decide who may do what: the emulator's IAM for the stand-in, and roles that services assume."""

import hashlib
import json
import secrets
import time
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import replace
from itertools import count
from types import MappingProxyType
from typing import Any

from tailor_local.bedrock.platform import Credentials, Scope
from tailor_local.hooks.needed import inside

BEDROCK = "bedrock.amazonaws.com"
OWNER = "test"  # the emulator's access key and secret of the account's owner
SESSION_SECONDS = 12 * 3600


class Emulator:
    """The emulator as the stand-in sees it; implements `bedrock.platform.Platform`."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint

    def scope(self) -> Scope:
        responses = inside("core.responses")
        return Scope(responses.get_account_id(), responses.get_region())

    def denial(self, headers: Mapping[str, str], action: str, resource: str, context: Mapping[str, str]) -> str | None:
        key = inside("core.router").extract_access_key_id(headers, {})
        return denial(key, self.scope(), action, resource, context)

    def take_role(self, role_arn: str, scope: Scope, source_arn: str, service: str = BEDROCK) -> Credentials | None:
        return take_role(service, role_arn, scope, source_arn)

    def own_credentials(self) -> Credentials:
        return Credentials(OWNER, OWNER, "")

    def publish(
        self,
        scope: Scope,
        detail_type: str,
        detail: Mapping[str, Any],
        resources: list[str],
        source: str = "aws.bedrock",
    ) -> None:
        entry = {
            "Source": source,
            "DetailType": detail_type,
            "Detail": json.dumps(detail),
            "Resources": resources,
        }
        with inside("core.responses").request_scope(scope.account, scope.region):
            inside("services.eventbridge")._put_events({"Entries": [entry]}, allow_aws_source=True)


def denial(
    key: str, scope: Scope, action: str, resource: str, context: Mapping[str, str] = MappingProxyType({})
) -> str | None:
    """Return why the holder of an access key may not do this; None if it may."""
    evaluator, actions = inside("core.iam_evaluator"), inside("core.iam_actions")
    result = evaluator.enforce(key, action, action.partition(":")[0], scope.region, resource, dict(context))
    if result is None:
        return None
    if isinstance(result, evaluator.AuthError):
        return str(result.message)
    return str(actions.identity_denial_message(action, result.principal_arn, resource, result.decision == "Deny"))


def simulate_in_context() -> None:
    """Pass the caller's context keys to a simulation of policies, which the emulator omits."""
    handlers, evaluator = inside("services.iam")._IAM_HANDLERS, inside("core.iam_evaluator")
    simulate, evaluate = handlers["SimulatePrincipalPolicy"], evaluator.evaluate
    given: ContextVar[dict[str, Any]] = ContextVar("given", default={})  # noqa: B039  (never changed)

    def with_entries(parameters: dict[str, Any]) -> Any:
        token = given.set(_context_entries(parameters))
        try:
            return simulate(parameters)
        finally:
            given.reset(token)

    def evaluate_in_context(ctx: Any, policies: Any, *limits: Any) -> Any:
        if entries := given.get():
            ctx = replace(ctx, service_context={**ctx.service_context, **entries})
        return evaluate(ctx, policies, *limits)

    handlers["SimulatePrincipalPolicy"] = with_entries
    evaluator.evaluate = evaluate_in_context


def _context_entries(parameters: Mapping[str, list[str]]) -> dict[str, Any]:
    """Return keys in lower case, as the emulator looks them up, and their value or values."""
    entries: dict[str, Any] = {}
    for index in count(1):
        member = f"ContextEntries.member.{index}"
        if not (name := parameters.get(f"{member}.ContextKeyName")):
            return entries
        values = []
        for place in count(1):
            if not (value := parameters.get(f"{member}.ContextKeyValues.member.{place}")):
                break
            values.append(value[0])
        entries[name[0].lower()] = values[0] if len(values) == 1 else values
    raise AssertionError("counting has no end")


def take_role(principal: str, role_arn: str, scope: Scope, source_arn: str) -> Credentials | None:
    """Return a role's session for a service that acts for ``source_arn``; None if the role does not allow it."""
    name = role_arn.rsplit("/", 1)[-1]
    role = inside("services.iam")._roles.get_scoped(scope.account, None, name)
    if role is None or not _trusts(role["AssumeRolePolicyDocument"], principal, role_arn, scope, source_arn):
        return None
    session = hashlib.sha256(source_arn.encode()).hexdigest()[:12]
    credentials = Credentials(f"ASIA{secrets.token_hex(8).upper()}", secrets.token_hex(20), secrets.token_hex(32))
    inside("services.sts").register_session(
        credentials.access_key,
        {
            "Arn": f"arn:aws:sts::{scope.account}:assumed-role/{name}/{session}",
            "UserId": f"{name}:{session}",
            "SecretAccessKey": credentials.secret_key,
            "SessionToken": credentials.token,
            "Expiration": time.time() + SESSION_SECONDS,
            "AccountId": scope.account,
            "PrincipalType": "AssumedRole",
        },
    )
    return credentials


def _trusts(document: str | dict[str, Any], principal: str, role_arn: str, scope: Scope, source_arn: str) -> bool:
    """Return whether a trust policy lets a service take the role for ``source_arn``, with the confused-deputy
    conditions.

    The emulator's own evaluation lets its root pass for any service, so statements are evaluated one by one here.
    """
    evaluator = inside("core.iam_evaluator")
    policy = json.loads(document) if isinstance(document, str) else document
    statements = policy.get("Statement", [])
    context = evaluator.EvalContext(
        principal_arn=principal,
        principal_type="Service",
        principal_account=scope.account,
        action="sts:AssumeRole",
        resource_arn=role_arn,
        region=scope.region,
        service_context={"aws:sourceaccount": scope.account, "aws:sourcearn": source_arn},
    )
    allowed = False
    for statement in [statements] if isinstance(statements, dict) else statements:
        if (
            evaluator._action_matches("sts:AssumeRole", _list(statement, "Action"), _list(statement, "NotAction"))
            and evaluator._service_principal_matches(statement.get("Principal"), principal)
            and evaluator._conditions_met(statement.get("Condition", {}), context)
        ):
            if statement.get("Effect") == "Deny":
                return False
            allowed = True
    return allowed


def _list(statement: Mapping[str, Any], name: str) -> list[str]:
    value = statement.get(name, [])
    return [value] if isinstance(value, str) else value
