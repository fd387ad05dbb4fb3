"""Apply guardrails with a word policy: a blocked question or answer is replaced by the guardrail's message.

Topics, filters of content and other policies are taken and have no effect: a stand-in can't judge what a text is about.
"""

import re
from typing import Any

from tailor_local.bedrock.context import Call
from tailor_local.bedrock.errors import conflict, not_found
from tailor_local.bedrock.platform import Scope
from tailor_local.bedrock.state import Guardrail

DRAFT = "DRAFT"


def create_guardrail(call: Call) -> dict[str, Any]:
    own = [guardrail for guardrail in call.state.guardrails.values() if call.scope.owns(guardrail.arn)]
    if any(guardrail.name == call.request["name"] for guardrail in own):
        raise conflict("Another guardrail in your account already has this name.")
    arn = call.scope.arn("guardrail", call.state.new_id())
    made = Guardrail(arn, call.request["name"], call.now, {DRAFT: _policy(call.request)})
    call.state.guardrails[arn] = made
    call.tag(arn, "tags")
    return {"guardrailId": made.id, "guardrailArn": arn, "version": DRAFT, "createdAt": call.now}


def create_guardrail_version(call: Call) -> dict[str, Any]:
    found = _find(call.state.guardrails, call.scope, call.request["guardrailIdentifier"])
    version = str(len(found.versions))
    found.versions[version] = found.versions[DRAFT]
    return {"guardrailId": found.id, "version": version}


def get_guardrail(call: Call) -> dict[str, Any]:
    found = _find(call.state.guardrails, call.scope, call.request["guardrailIdentifier"])
    version = call.request.get("guardrailVersion", DRAFT)
    policy = _version(found, version)
    words = [{"text": word} for word in policy["words"]]
    return {
        "name": found.name,
        "guardrailId": found.id,
        "guardrailArn": found.arn,
        "version": version,
        "status": "READY",
        "createdAt": found.created,
        "updatedAt": found.created,
        "blockedInputMessaging": policy["input"],
        "blockedOutputsMessaging": policy["output"],
        "wordPolicy": {"words": words},
    }


def delete_guardrail(call: Call) -> dict[str, Any]:
    found = _find(call.state.guardrails, call.scope, call.request["guardrailIdentifier"])
    del call.state.guardrails[found.arn]
    return {}


def blocked(call: Call, text: str, side: str) -> str | None:
    """Return what the guardrail of a request says in place of a text, or None where it lets the text pass.

    ``side``: input or output.
    """
    config = call.request.get("guardrailConfig")
    if not config:
        return None
    with call.standin.store.lock:
        found = _find(call.state.guardrails, call.scope, config["guardrailIdentifier"])
        policy = _version(found, config["guardrailVersion"])
    words = (re.search(rf"\b{re.escape(word)}\b", text, re.IGNORECASE) for word in policy["words"])
    return str(policy[side]) if any(words) else None


def arn_of(identifier: str, scope: Scope) -> str:
    return identifier if identifier.startswith("arn:") else scope.arn("guardrail", identifier)


def _find(guardrails: dict[str, Guardrail], scope: Scope, identifier: str) -> Guardrail:
    found = guardrails.get(arn_of(identifier, scope))
    if found is None or not scope.owns(found.arn):
        raise not_found("The guardrail identifier or version provided in the request does not exist.")
    return found


def _version(guardrail: Guardrail, version: str) -> dict[str, Any]:
    if version not in guardrail.versions:
        raise not_found("The guardrail identifier or version provided in the request does not exist.")
    return guardrail.versions[version]


def _policy(request: dict[str, Any]) -> dict[str, Any]:
    words = (request.get("wordPolicyConfig") or {}).get("wordsConfig") or []
    return {
        "input": request["blockedInputMessaging"],
        "output": request["blockedOutputsMessaging"],
        "words": [word["text"] for word in words],
    }
