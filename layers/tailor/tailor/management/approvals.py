"""Runs that wait for approval of their cost: list them, show one, decide once."""

from datetime import UTC, datetime
from functools import partial

from tailor.errors import ConflictError
from tailor.management import shown
from tailor.management.access import DECIDERS, AccessControl, signature
from tailor.management.documents import ApprovalDocument, ApprovalList
from tailor.management.requests import DecisionRequest
from tailor.recipe_serving import Commitment
from tailor.runs import Run, RunStore, State
from tailor.serving.errors import ApiError
from tailor.serving.keys import ApiKey, Caller
from tailor.serving.schema import read
from tailor.serving.service import ApiAnswer
from tailor.steps import steer

_ACTS = {"approve": (steer.approve, "approved"), "decline": (steer.decline, "declined")}


class Approvals:
    """Operations of docs/api.md, "Approvals". Each raises ApiError and the errors of :mod:`tailor.errors`."""

    def __init__(self, access: AccessControl, runs: RunStore) -> None:
        self._access = access
        self._runs = runs

    def waiting(self, caller: Caller) -> ApiAnswer:
        """Answer ``GET /v1/approvals``: runs of the key's projects that await approval, the oldest question first."""
        key = self._access.key(caller, DECIDERS)
        found = [
            shown.approval(run)
            for run in self._runs.open_runs()
            if run.state == State.AWAITING_APPROVAL and run.project in key.projects
        ]
        return ApiAnswer(ApprovalList(data=found).model_dump_json())

    def show(self, run_id: str, caller: Caller) -> ApiAnswer:
        """Answer ``GET /v1/approvals/{run}``, including a decision that was made."""
        key = self._access.key(caller, DECIDERS)
        return ApiAnswer(shown.approval(self._find(run_id, key)).model_dump_json())

    def decide(self, run_id: str, body: bytes, caller: Caller) -> ApiAnswer:
        """Answer ``POST /v1/approvals/{run}``. Idempotent; raises ApiError 409 for the opposite decision."""
        key = self._access.key(caller, DECIDERS)
        run = self._find(run_id, key)
        wanted = read(DecisionRequest, body)
        run, facts = self.decided(run, wanted.decision, wanted.reason, key, wanted.commitment)
        return ApiAnswer(shown.approval(run).model_dump_json(), facts=facts)

    def decided(
        self, run: Run, decision: str, reason: str, key: ApiKey, commitment: Commitment | None = None
    ) -> tuple[Run, dict[str, str]]:
        """Return the run after the decision, and ids for the log. Raises ApiError 409 for the opposite decision."""
        act, wanted = _ACTS[decision]
        if decision == "approve":
            act = partial(steer.approve, commitment=commitment)
        facts = {"key": key.id, "run": run.id, "decision": decision}
        try:
            run = act(run, self._runs, by=signature(key), reason=reason, now=datetime.now(UTC))
        except ConflictError as error:
            run = self._access.run(run.id, key)  # decided meanwhile, by this request's own repeat perhaps
            status = _status(run)
            if status != wanted:
                made = status in ("approved", "declined")
                message = (
                    f"the run is {status} already" if made else ". ".join(filter(None, (error.message, error.hint)))
                )
                raise ApiError(409, message, code="not_awaiting_approval") from error
            facts["repeated"] = "yes"
        return run, facts

    def _find(self, run_id: str, key: ApiKey) -> Run:
        """Return a run that asked for approval. Raises ApiError 404."""
        run = self._access.run(run_id, key)
        if State.AWAITING_APPROVAL not in run.states:
            raise ApiError(404, "there is no such run that asked for an approval", code="run_not_found", param="run")
        return run


def _status(run: Run) -> str | None:
    asked: ApprovalDocument | None = shown.approval(run) if State.AWAITING_APPROVAL in run.states else None
    return asked.status if asked else None
