"""Runs over the API: list, show, findings, losses, and every action that the command line has."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from heapq import merge
from itertools import groupby, islice
from typing import Any, Protocol

from tailor.errors import ConflictError, InvalidInputError, NotFoundError, TailorError
from tailor.evaluation.curves import find_curves
from tailor.findings import in_document
from tailor.management import shown
from tailor.management.access import OPERATORS, READERS, AccessControl, own, signature
from tailor.management.approvals import Approvals
from tailor.management.documents import DeletedModel, FindingList, Links, RunList, ServiceDocument
from tailor.management.operations import ACTIONS
from tailor.management.requests import ActionRequest, FindingsQuery, ReasonedRequest, RollbackRequest, RunsQuery
from tailor.run_records import DeploymentStatus
from tailor.runs import Run, State
from tailor.serving.errors import ApiError
from tailor.serving.keys import ApiKey, Caller
from tailor.serving.schema import check, read
from tailor.serving.service import ApiAnswer
from tailor.steps import pausing, steer
from tailor.steps.models import delete_models
from tailor.steps.services import RunServices
from tailor.storage import Storage
from tailor.training.request import JOB_FOLDER
from tailor.vietnamese import language_asked_for

LINK_SECONDS = 600
MOST_FINDINGS = 200
_PAGES = {  # where there are; evaluation/ holds all answers too, so that it is not listed as a whole
    "data_report": "report/report.html",
    "data_report_vi": "report/report.vi.html",
    "evaluation_report": "evaluation/report.html",
    "evaluation_report_vi": "evaluation/report.vi.html",
    "labels": "evaluation/labels.html",
}
# States that an action leads to: where the same key's action led there already, a repeat changes nothing.
_ENDS: Mapping[str, frozenset[State]] = {
    "stop": frozenset({State.STOPPED, State.RETIRED}),
    "retire": frozenset({State.STOPPED, State.RETIRED}),
    "promote": frozenset({State.LIVE, State.RESTORING, State.EVALUATING}),
    "retry": frozenset({State.RECEIVED, State.PREPARED, State.TRAINED, State.RESTORING}),
}


class Files(Storage, Protocol):
    """The bucket, with addresses for browsers."""

    def link(self, key: str, seconds: int) -> str:
        """Return an address from which anyone may read the file for ``seconds``."""


class RunsApi:
    """Operations of docs/api.md, "Runs". Each raises ApiError and the errors of :mod:`tailor.errors`."""

    def __init__(self, access: AccessControl, services: RunServices, files: Files, approvals: Approvals) -> None:
        self._access = access
        self._services = services
        self._files = files
        self._approvals = approvals

    def list_runs(self, query: Mapping[str, str], caller: Caller) -> ApiAnswer:
        """Answer ``GET /v1/runs``: a page of runs of the key's projects, the one that changed last first."""
        key = self._access.key(caller, READERS)
        asked = check(RunsQuery, dict(query))
        if asked.project is not None:
            own(asked.project, key, "project")
        last = self._after(asked, key)
        found = self._newest([asked.project] if asked.project else key.projects, last, asked.limit + 1)
        wanted = list(islice((run for run in found if _fits(run, asked)), asked.limit + 1))
        page = [shown.summary(run) for run in wanted[: asked.limit]]
        answer = RunList(
            data=page,
            first_id=page[0].id if page else None,
            last_id=page[-1].id if page else None,
            has_more=len(wanted) > asked.limit,
        )
        return ApiAnswer(answer.model_dump_json())

    def _after(self, asked: RunsQuery, key: ApiKey) -> Run | None:
        """Return the run that a page begins after. Raises ApiError 400 for one that the list does not have."""
        if asked.after is None:
            return None
        with suppress(ApiError):
            last = self._access.run(asked.after, key)
            if _fits(last, asked) and asked.project in (None, last.project):
                return last
        message = "after: this list has no such run; give the last_id of the page before, with the same filters"
        raise ApiError(400, message, code="invalid_value", param="after")

    def _newest(self, projects: Iterable[str], last: Run | None, page: int) -> Iterator[Run]:
        """Yield runs of projects, the one that changed last first, from behind ``last`` on."""
        until = last.history[-1].at if last else None
        lists = (_in_order(self._services.runs.newest_runs(project, until, page)) for project in projects)
        found = merge(*lists, key=_changed, reverse=True)
        return found if last is None else (run for run in found if _changed(run) < _changed(last))

    def show(self, run_id: str, caller: Caller) -> ApiAnswer:
        """Answer ``GET /v1/runs/{run}``."""
        return self._shown(self._access.run(run_id, self._access.key(caller, READERS)))

    def findings(self, run_id: str, query: Mapping[str, str], caller: Caller) -> ApiAnswer:
        """Answer ``GET /v1/runs/{run}/findings``: what the check of the data found. Raises ApiError 404 before that."""
        run = self._access.run(run_id, self._access.key(caller, READERS))
        language = check(FindingsQuery, dict(query)).lang or language_asked_for()
        try:
            report = json.loads(self._files.read(f"{run.files}report/report.json"))
        except NotFoundError:
            raise ApiError(404, "the data of this run were not checked yet", code="not_ready", param="run") from None
        found = shown.findings(in_document(row, language) for row in report["findings"])
        answer = FindingList(data=found[:MOST_FINDINGS], has_more=len(found) > MOST_FINDINGS)
        return ApiAnswer(answer.model_dump_json())

    def curve(self, run_id: str, caller: Caller) -> ApiAnswer:
        """Answer ``GET /v1/runs/{run}/curve``: the job's losses. Raises ApiError 404 while there are none."""
        run = self._access.run(run_id, self._access.key(caller, READERS))
        try:
            curves = find_curves(self._files, f"{run.files}{JOB_FOLDER}")
        except InvalidInputError as error:
            raise ApiError(404, error.message, code="not_ready", param="run") from None
        if not curves:
            raise ApiError(404, "Bedrock has written no losses of this run yet", code="not_ready", param="run")
        return ApiAnswer(shown.curve(curves).model_dump_json())

    def act(self, run_id: str, action: str, body: bytes, caller: Caller) -> ApiAnswer:
        """Answer ``POST /v1/runs/{run}/{action}`` with the run as it is then.

        Raises ApiError 409 if the run's state does not allow it. The same key's repeat of what it did is no conflict.
        """
        if action not in ACTIONS:
            raise ApiError(404, f"there is no such action: it is one of {', '.join(ACTIONS)}", code="not_found")
        key = self._access.key(caller, ACTIONS[action].scopes)
        run = self._access.run(run_id, key)
        asked: type[ActionRequest] = ReasonedRequest if ACTIONS[action].body is ReasonedRequest else ActionRequest
        reason = read(asked, body or b"{}").reason
        if action in ("approve", "decline"):
            run, facts = self._approvals.decided(run, action, reason, key)
            return self._shown(run, facts)
        facts = {"key": key.id, "run": run.id, "action": action}
        try:
            run = self._steer(action, run, signature(key), reason)
        except (ConflictError, NotFoundError) as error:
            run = self._access.run(run_id, key)
            if not _done_by(key, action, run):
                if action == "retry":
                    raise ApiError(409, in_full(error), code="not_retryable") from error
                raise ApiError(409, in_full(error), code="run_state_conflict") from error
            facts["repeated"] = "yes"
        return self._shown(run, facts)

    def roll_back(self, project: str, body: bytes, caller: Caller) -> ApiAnswer:
        """Answer ``POST /v1/models/{id}/rollback``. Raises ApiError 409 where there is nothing to go back to."""
        key = self._operator(project, caller)
        asked = read(RollbackRequest, body or b"{}")
        by, now = signature(key), datetime.now(UTC)
        try:
            run = steer.roll_back(project, self._services, to=asked.to, by=by, reason=asked.reason, now=now)
        except (ConflictError, NotFoundError) as error:
            raise ApiError(409, in_full(error), code="run_state_conflict", param="to") from error
        return self._service(project, {"key": key.id, "run": run.id, "action": "rollback"})

    def take_offline(self, project: str, body: bytes, caller: Caller) -> ApiAnswer:
        """Answer ``POST /v1/models/{id}/offline``. A repeat finishes what was cut short."""
        key = self._operator(project, caller)
        reason = read(ReasonedRequest, body).reason
        by, now = signature(key), datetime.now(UTC)
        try:
            _, ended = steer.take_offline(project, self._services, by=by, reason=reason, now=now)
        except (ConflictError, NotFoundError) as error:
            raise ApiError(409, in_full(error), code="run_state_conflict") from error
        facts = {"key": key.id, "project": project, "action": "offline"}
        return self._service(project, facts, ended=[run.id for run in ended])

    def restore(self, project: str, body: bytes, caller: Caller) -> ApiAnswer:
        """Answer ``POST /v1/models/{id}/restore``. A repeat changes nothing."""
        key = self._operator(project, caller)
        reason = read(ActionRequest, body or b"{}").reason
        by, now = signature(key), datetime.now(UTC)
        try:
            run = pausing.restore(project, self._services, by=by, reason=reason, now=now)
        except (ConflictError, NotFoundError) as error:
            raise ApiError(409, in_full(error), code="run_state_conflict") from error
        return self._service(project, {"key": key.id, "run": run.id, "action": "restore"})

    def delete_model(self, name: str, caller: Caller) -> ApiAnswer:
        """Answer ``DELETE /v1/models/{id}``, where the id names a version. A repeat changes nothing."""
        project, _, run_id = name.partition("@")
        key = self._operator(project, caller)
        if not run_id:
            message = f"name a version: {project}@RUN. What the name itself leads to can't be deleted"
            raise ApiError(409, message, code="run_state_conflict", param="id")
        run = self._access.run(run_id, key)
        unknown = ApiError(404, f"there is no model {name!r}", code="model_not_found", param="id")
        if run.project != project:
            raise unknown
        try:
            delete_models(run, self._services, by=signature(key), reason="over the API", now=datetime.now(UTC))
        except ConflictError as error:
            raise ApiError(409, in_full(error), code="run_state_conflict", param="id") from error
        except NotFoundError:
            raise unknown from None
        facts = {"key": key.id, "run": run.id, "action": "delete-model"}
        return ApiAnswer(DeletedModel(id=name).model_dump_json(), facts=facts)

    def service(self, project: str, caller: Caller) -> ApiAnswer:
        """Answer ``GET /v1/models/{id}/service``: what the project's name leads to."""
        key = self._access.key(caller, READERS)
        own(project, key, "id")
        return self._service(project, {})

    def _steer(self, action: str, run: Run, by: str, reason: str) -> Run:
        now = datetime.now(UTC)
        if action == "retry":
            return steer.retry(run, self._services.runs, bucket=self._files, by=by, reason=reason, now=now)
        act = {"stop": steer.stop, "retire": steer.retire, "promote": steer.promote_by_hand}[action]
        return act(run, self._services, by=by, reason=reason, now=now)

    def _operator(self, project: str, caller: Caller) -> ApiKey:
        key = self._access.key(caller, OPERATORS)
        own(project, key, "id")
        return key

    def _shown(self, run: Run, facts: Mapping[str, Any] | None = None) -> ApiAnswer:
        return ApiAnswer(shown.document(run, self._links(run)).model_dump_json(), facts=dict(facts or {}))

    def _service(self, project: str, facts: Mapping[str, Any], ended: Sequence[str] = ()) -> ApiAnswer:
        alias = self._services.aliases.alias(project)
        answer = ServiceDocument(
            id=project,
            live=alias.live.run if alias.live else None,
            previous=[version.run for version in alias.previous],
            offline_reason=alias.offline.reason if alias.offline else None,
            paused=alias.paused is not None,
            ended=list(ended),
        )
        return ApiAnswer(answer.model_dump_json(), facts=dict(facts))

    def _links(self, run: Run) -> Links:
        until = datetime.now(UTC) + timedelta(seconds=LINK_SECONDS)
        looked_into = ["report/"] if run.report.usable is not None else []
        looked_into += ["evaluation/report", "evaluation/labels"] if run.evaluation.verdict else []
        there = {file.key for part in looked_into for file in self._files.list(f"{run.files}{part}")}
        links = {name: f"{run.files}{page}" for name, page in _PAGES.items()}
        found = {name: self._files.link(key, LINK_SECONDS) if key in there else None for name, key in links.items()}
        return Links.model_validate(found | {"expire_at": until})


def _changed(run: Run) -> tuple[datetime, str]:
    return run.history[-1].at, run.id


def _in_order(runs: Iterator[Run]) -> Iterator[Run]:
    """Yield runs that come by the time of their change, those of the same moment by their ids."""
    for _, same in groupby(runs, lambda run: run.history[-1].at):
        yield from sorted(same, key=_changed, reverse=True)


def _fits(run: Run, asked: RunsQuery) -> bool:
    return asked.state is None or (run.is_open if asked.state == "open" else run.state == asked.state)


def _done_by(key: ApiKey, action: str, run: Run) -> bool:
    """Return whether this key's own earlier request did it already."""
    by = signature(key)
    if run.state == State.TRAINING and action in ("stop", "retire"):
        return run.job is not None and run.job.stop_asked_by == by
    going = run.deployment is not None and run.deployment.status == DeploymentStatus.DELETING
    if going and action in ("stop", "retire"):
        return run.deployment is not None and run.deployment.retired_by == by
    return run.state in _ENDS[action] and run.history[-1].by == by


def in_full(error: TailorError) -> str:
    return f"{error.message}: {error.hint}" if error.hint else error.message
