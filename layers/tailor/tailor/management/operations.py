"""All paths of the API for people, as data. docs/openapi.json is made from it, and the template is compared with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel

from tailor.management.access import DECIDERS, FINISHERS, KEY_MANAGERS, OPERATORS, READERS, STARTERS, UPLOADERS
from tailor.management.comparison_documents import ComparisonDocument
from tailor.management.documents import (
    ApprovalDocument,
    ApprovalList,
    CurveDocument,
    DeletedModel,
    FindingList,
    LinkList,
    OpenUploadDocument,
    PreviewDocument,
    ProjectUsageDocument,
    RunDocument,
    RunList,
    RunSummary,
    ServiceDocument,
    UploadDocument,
)
from tailor.management.key_documents import KeyDocument, KeyEntry, KeyList, MadeKey
from tailor.management.requests import (
    ActionRequest,
    AdoptRequest,
    ComparisonQuery,
    DecisionRequest,
    FindingsQuery,
    FinishRequest,
    KeyRequest,
    KeysQuery,
    LinksRequest,
    PreviewRequest,
    ReasonedRequest,
    RevokeRequest,
    RollbackRequest,
    RotateRequest,
    RunsQuery,
    UploadRequest,
    UsageQuery,
)
from tailor.serving.keys import SCOPES, Scope

Method = Literal["get", "post", "delete"]
ERRORS: Mapping[int, str] = {
    400: "the request is not right; `param` names what",
    401: "the key is missing, wrong, expired or revoked",
    403: "the key lacks the scope",
    404: "there is no such thing for this key",
    409: "the state does not allow it",
    413: "the request is too large",
    429: "too many requests; wait for `retry-after`",
    500: "a fault of the service",
    503: "a part of AWS is not available; wait for `retry-after`",
}
"""Meaning of each status that a management path may answer instead of 200."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path. ``scopes``: a key needs one of them."""

    id: str
    method: Method
    path: str
    summary: str
    scopes: tuple[Scope, ...]
    answer: type[BaseModel]
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None


OPERATIONS: tuple[Operation, ...] = (
    Operation("getKey", "get", "/v1/key", "Get what the key of the request may do", SCOPES, KeyDocument),
    Operation(
        "listKeys",
        "get",
        "/v1/keys",
        "List the keys of the key's projects, the newest first",
        KEY_MANAGERS,
        KeyList,
        query=KeysQuery,
    ),
    Operation("createKey", "post", "/v1/keys", "Create a key", KEY_MANAGERS, MadeKey, KeyRequest),
    Operation(
        "rotateKey",
        "post",
        "/v1/keys/{key}/rotate",
        "Replace a key's secret; the old one works on for some time",
        KEY_MANAGERS,
        MadeKey,
        RotateRequest,
    ),
    Operation(
        "revokeKey", "post", "/v1/keys/{key}/revoke", "Revoke a key for good", KEY_MANAGERS, KeyEntry, RevokeRequest
    ),
    Operation(
        "listRuns", "get", "/v1/runs", "List runs, the one that changed last first", READERS, RunList, query=RunsQuery
    ),
    Operation(
        "getRun",
        "get",
        "/v1/runs/{run}",
        "Get one run: timeline, data, quote, job, verdict, reports",
        READERS,
        RunDocument,
    ),
    Operation(
        "getFindings",
        "get",
        "/v1/runs/{run}/findings",
        "Get what the check of the data found",
        READERS,
        FindingList,
        query=FindingsQuery,
    ),
    Operation("getCurve", "get", "/v1/runs/{run}/curve", "Get the losses of the job", READERS, CurveDocument),
    Operation(
        "compareRuns",
        "get",
        "/v1/runs/{run}/comparison",
        "Compare a run with another one of its project",
        READERS,
        ComparisonDocument,
        query=ComparisonQuery,
    ),
    Operation(
        "approveRun", "post", "/v1/runs/{run}/approve", "Approve the run's cost", DECIDERS, RunDocument, ActionRequest
    ),
    Operation(
        "declineRun",
        "post",
        "/v1/runs/{run}/decline",
        "Decline the run's cost, which ends it",
        DECIDERS,
        RunDocument,
        ActionRequest,
    ),
    Operation(
        "retryRun",
        "post",
        "/v1/runs/{run}/retry",
        "Try a run again that has ended",
        STARTERS,
        RunDocument,
        ActionRequest,
    ),
    Operation(
        "stopRun",
        "post",
        "/v1/runs/{run}/stop",
        "End a run before it has a verdict",
        OPERATORS,
        RunDocument,
        ActionRequest,
    ),
    Operation(
        "retireRun",
        "post",
        "/v1/runs/{run}/retire",
        "Take a version down that is not live",
        OPERATORS,
        RunDocument,
        ActionRequest,
    ),
    Operation(
        "promoteRun", "post", "/v1/runs/{run}/promote", "Make a version live", OPERATORS, RunDocument, ReasonedRequest
    ),
    Operation(
        "getService", "get", "/v1/models/{id}/service", "Get what a project's name leads to", READERS, ServiceDocument
    ),
    Operation(
        "getProjectUsage",
        "get",
        "/v1/models/{id}/usage",
        "Get what calls of a project's model were, and what they cost",
        READERS,
        ProjectUsageDocument,
        query=UsageQuery,
    ),
    Operation(
        "rollBack",
        "post",
        "/v1/models/{id}/rollback",
        "Make an earlier version live again",
        OPERATORS,
        ServiceDocument,
        RollbackRequest,
    ),
    Operation(
        "takeOffline",
        "post",
        "/v1/models/{id}/offline",
        "End a project's service",
        OPERATORS,
        ServiceDocument,
        ReasonedRequest,
    ),
    Operation(
        "restoreModel",
        "post",
        "/v1/models/{id}/restore",
        "Bring back the version that was live last",
        OPERATORS,
        ServiceDocument,
        ActionRequest,
    ),
    Operation(
        "adoptModel",
        "post",
        "/v1/models/{id}/adopt",
        "Measure a model that was made elsewhere, and serve it if it passes",
        OPERATORS,
        RunSummary,
        AdoptRequest,
    ),
    Operation(
        "deleteModel",
        "delete",
        "/v1/models/{id}",
        "Delete the custom model of a version, colours@RUN, for good",
        OPERATORS,
        DeletedModel,
    ),
    Operation("listApprovals", "get", "/v1/approvals", "List runs that wait for approval", DECIDERS, ApprovalList),
    Operation(
        "getApproval", "get", "/v1/approvals/{run}", "Get one run that waits, or has waited", DECIDERS, ApprovalDocument
    ),
    Operation(
        "decide", "post", "/v1/approvals/{run}", "Approve or decline", DECIDERS, ApprovalDocument, DecisionRequest
    ),
    Operation(
        "beginUpload",
        "post",
        "/v1/uploads/{project}/{dataset}",
        "Begin to upload a dataset, or go on after an interruption",
        UPLOADERS,
        OpenUploadDocument,
        UploadRequest,
    ),
    Operation(
        "getUpload",
        "get",
        "/v1/uploads/{project}/{dataset}",
        "Get what has not arrived of an upload",
        UPLOADERS,
        OpenUploadDocument,
    ),
    Operation(
        "linkPieces",
        "post",
        "/v1/uploads/{project}/{dataset}/links",
        "Get addresses to which pieces of files can be put",
        UPLOADERS,
        LinkList,
        LinksRequest,
    ),
    Operation(
        "finishUpload",
        "post",
        "/v1/uploads/{project}/{dataset}/done",
        "Say that an upload is complete",
        FINISHERS,
        UploadDocument,
        FinishRequest,
    ),
    Operation(
        "previewUpload",
        "post",
        "/v1/uploads/{project}/{dataset}/preview",
        "Look at the first rows of a dataset",
        UPLOADERS,
        PreviewDocument,
        PreviewRequest,
    ),
)

ACTIONS: Mapping[str, Operation] = {
    operation.path.rsplit("/", 1)[1]: operation
    for operation in OPERATIONS
    if operation.method == "post" and operation.path.startswith("/v1/runs/{run}/")
}
"""Actions on a run, by name."""
