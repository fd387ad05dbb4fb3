"""Approve, decline or retry over the API: who may do it, what they see, and that a decision is made once.

An approval spends money, so the key's record is read each time: what API Gateway remembers of the key is not enough.
"""

import json
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from tailor.errors import ConflictError, NotFoundError
from tailor.file_kinds import DONE_FILE
from tailor.names import MAX_NAME, NAME, UPLOADS
from tailor.runs import Run, RunStore, State
from tailor.serving.errors import ApiError
from tailor.serving.keys import ApiKey, Caller, KeyStore
from tailor.serving.schema import ApiModel, read
from tailor.serving.service import ApiAnswer
from tailor.steps import steer
from tailor.storage import Storage

_DECISIONS = {
    State.AWAITING_APPROVAL: "awaiting",
    State.APPROVED: "approved",
    State.DECLINED: "declined",
    State.STOPPED: "stopped",
    State.SUPERSEDED: "superseded",
}


Reason = Annotated[str, Field(max_length=500, pattern=r"^[^\x00-\x09\x0b-\x1f\x7f-\x9f]*$")]


class DecisionRequest(ApiModel):
    """Body of a decision. The reason is shown to people, in terminals too: no control characters."""

    decision: Literal["approve", "decline"]
    reason: Reason = ""


class RetryRequest(ApiModel):
    """Body of a retry."""

    reason: Reason = ""


class Approvals:
    """Operations of docs/api.md, "Approvals". Each raises ApiError and the errors of :mod:`tailor.errors`."""

    def __init__(self, runs: RunStore, keys: KeyStore, bucket: Storage) -> None:
        self._runs = runs
        self._keys = keys
        self._bucket = bucket

    def waiting(self, caller: Caller) -> ApiAnswer:
        """Answer ``GET /v1/approvals``: runs of the key's projects that await approval, the oldest question first."""
        key = self._approver(caller)
        found = [
            document(run)
            for run in self._runs.open_runs()
            if run.state == State.AWAITING_APPROVAL and run.project in key.projects
        ]
        return ApiAnswer(_json({"object": "list", "data": found}))

    def show(self, run_id: str, caller: Caller) -> ApiAnswer:
        """Answer ``GET /v1/approvals/{run}``, including a decision that was made."""
        key = self._approver(caller)
        return ApiAnswer(_json(document(self._find(run_id, key))))

    def decide(self, run_id: str, body: bytes, caller: Caller) -> ApiAnswer:
        """Answer ``POST /v1/approvals/{run}``. Idempotent; raises ApiError 409 for the opposite decision."""
        key = self._approver(caller)
        run = self._find(run_id, key)
        wanted = read(DecisionRequest, body)
        act = steer.approve if wanted.decision == "approve" else steer.decline
        facts = {"key": key.id, "run": run.id, "decision": wanted.decision}
        try:
            run = act(run, self._runs, by=f"key:{key.name} ({key.id})", reason=wanted.reason, now=datetime.now(UTC))
        except ConflictError as error:
            run = self._find(run_id, key)  # decided meanwhile, by this request's own repeat perhaps
            status = document(run)["status"]
            if status != {"approve": "approved", "decline": "declined"}[wanted.decision]:
                decided = status in ("approved", "declined")
                message = f"the run is {status} already" if decided else error.message
                raise ApiError(409, message, code="not_awaiting_approval") from error
            facts["repeated"] = "yes"
        return ApiAnswer(_json(document(run)), facts=facts)

    def retry(self, run_id: str, body: bytes, caller: Caller) -> ApiAnswer:
        """Answer ``POST /v1/runs/{run}/retry`` as ``tailor retry`` does."""
        key = self._approver(caller)
        run = self._of_project(run_id, key)
        reason = read(RetryRequest, body or b"{}").reason
        by, now = f"key:{key.name} ({key.id})", datetime.now(UTC)
        try:
            run = steer.retry(run, self._runs, bucket=self._bucket, by=by, reason=reason, now=now)
        except ConflictError as error:
            raise ApiError(409, error.message, code="not_retryable") from error
        answer = {"id": run.id, "object": "run", "project": run.project, "dataset": run.dataset, "state": run.state}
        return ApiAnswer(_json(answer), facts={"key": key.id, "run": run.id, "retry": "yes"})

    def finish_upload(self, project: str, dataset: str, caller: Caller) -> ApiAnswer:
        """Answer ``POST /v1/uploads/{project}/{dataset}/done``: all is there, and the run need not wait for quiet."""
        key = self._approver(caller)
        named = all(len(name) <= MAX_NAME and NAME.fullmatch(name) for name in (project, dataset))
        prefix = f"{UPLOADS}{project}/{dataset}/"
        if not named or project not in key.projects or next(iter(self._bucket.list(prefix)), None) is None:
            raise ApiError(404, "there is no such folder with files", code="upload_not_found", param="dataset")
        self._bucket.write(f"{prefix}{DONE_FILE}", b"")
        answer = {"object": "upload", "project": project, "dataset": dataset, "status": "done"}
        return ApiAnswer(_json(answer), facts={"key": key.id, "project": project, "dataset": dataset})

    def _approver(self, caller: Caller) -> ApiKey:
        """Return the key's current record. Raises ApiError 401 or 403."""
        key = self._keys.key(caller.digest) if caller.digest else None
        if key is None or not key.usable(datetime.now(UTC)):
            raise ApiError(401, "the API key is wrong, expired or revoked", code="invalid_api_key")
        if "approve" not in key.scopes:
            message = "this key may not approve: its scopes do not have approve: ask the operator for a key that may"
            raise ApiError(403, message, code="access_denied")
        return key

    def _find(self, run_id: str, key: ApiKey) -> Run:
        """Return a run that asked for approval. Raises ApiError 404, also for a run of another project."""
        unknown = ApiError(404, "there is no such run that asked for an approval", code="run_not_found", param="run")
        run = self._of_project(run_id, key, unknown)
        if State.AWAITING_APPROVAL not in run.states:
            raise unknown
        return run

    def _of_project(self, run_id: str, key: ApiKey, unknown: ApiError | None = None) -> Run:
        """Return a run of the key's projects. Raises ``unknown``, an ApiError 404, for every other."""
        unknown = unknown or ApiError(404, "there is no such run", code="run_not_found", param="run")
        if len(run_id) > MAX_NAME or not NAME.fullmatch(run_id):
            raise unknown
        try:
            run = self._runs.get(run_id)
        except NotFoundError:
            raise unknown from None
        if run.project not in key.projects:
            raise unknown
        return run


def document(run: Run) -> dict[str, Any]:
    """Return the API's document of a run that asked for approval.

    Amounts are US dollars as text: low, expected, high.
    """
    asked = next(change for change in reversed(run.history) if change.state == State.AWAITING_APPROVAL)  # the last time
    decided = next((change for change in run.history[asked.sequence :]), None)
    quote, approval = run.quote, run.quote.approval if run.quote else None
    return {
        "id": run.id,
        "object": "approval",
        "status": _DECISIONS[decided.state if decided else State.AWAITING_APPROVAL],
        "project": run.project,
        "dataset": run.dataset,
        "method": run.recipe.method,
        "model": run.recipe.model,
        "reason": asked.reason,
        "asked_at": asked.at.isoformat(),
        "expires_at": approval.until.isoformat() if approval else None,
        "quote": {
            "currency": quote.currency if quote else "USD",
            "totals": quote.totals if quote else {},
            "unknown": list(quote.unknown) if quote else [],
            "advice": [item.message for item in quote.advice] if quote else [],
        },
        "decided_at": decided.at.isoformat() if decided else None,
        "decided_by": decided.by if decided else None,
        "decision_reason": decided.reason if decided else None,
    }


def _json(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False)
