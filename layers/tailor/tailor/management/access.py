"""Who may do what. A decision may spend money, so the key's record is read at each request: what API Gateway remembers
of a key is not enough.
"""

from datetime import UTC, datetime

from tailor.errors import NotFoundError
from tailor.management.key_documents import KeyDocument
from tailor.names import MAX_NAME, NAME, UPLOADS
from tailor.runs import Run, RunStore
from tailor.serving.errors import ApiError
from tailor.serving.keys import SCOPES, ApiKey, Caller, KeyStore, Scope
from tailor.serving.service import ApiAnswer

READERS: tuple[Scope, ...] = ("read", "approve", "operate")
DECIDERS: tuple[Scope, ...] = ("approve",)
OPERATORS: tuple[Scope, ...] = ("operate",)
STARTERS: tuple[Scope, ...] = ("approve", "operate")
"""Those who begin something again, within the limits of its budget."""
UPLOADERS: tuple[Scope, ...] = ("upload", "operate")
KEY_MANAGERS: tuple[Scope, ...] = ("keys",)
FINISHERS: tuple[Scope, ...] = ("upload", "approve", "operate")


class AccessControl:
    """Keys and runs, as one caller may see them. Methods raise ApiError 401, 403 or 404."""

    def __init__(self, runs: RunStore, keys: KeyStore) -> None:
        self._runs = runs
        self._keys = keys

    def key(self, caller: Caller, scopes: tuple[Scope, ...]) -> ApiKey:
        """Return the caller's key, which has one of the scopes."""
        key = self._keys.key(caller.digest) if caller.digest else None
        if key is None or not key.usable(datetime.now(UTC)):
            raise ApiError(401, "the API key is wrong, expired or revoked", code="invalid_api_key")
        if not set(scopes) & set(key.scopes):
            message = f"this key lacks the scope {' or '.join(scopes)}: ask the operator for a key that has it"
            raise ApiError(403, message, code="access_denied")
        return key

    def show(self, caller: Caller) -> ApiAnswer:
        """Answer ``GET /v1/key``: the name, projects and scopes of the request's own key."""
        key = self.key(caller, SCOPES)
        answer = KeyDocument(
            id=key.id,
            name=key.name,
            projects=list(key.projects),
            scopes=list(key.scopes),
            expires_at=key.expires_at,
            grants_until=key.grants_until,
        )
        return ApiAnswer(answer.model_dump_json())

    def folder(self, project: str, dataset: str, caller: Caller, scopes: tuple[Scope, ...]) -> tuple[ApiKey, str]:
        """Return the caller's key, which has one of the scopes, and the folder of a dataset, which need not exist."""
        key = self.key(caller, scopes)
        named = all(len(name) <= MAX_NAME and NAME.fullmatch(name) for name in (project, dataset))
        if not named or project not in key.projects:
            raise ApiError(404, "there is no such folder with files", code="upload_not_found", param="dataset")
        return key, f"{UPLOADS}{project}/{dataset}/"

    def run(self, run_id: str, key: ApiKey) -> Run:
        """Return a run of the key's projects; one of another project is not there, like one that never was."""
        unknown = ApiError(404, "there is no such run", code="run_not_found", param="run")
        if len(run_id) > MAX_NAME or not NAME.fullmatch(run_id):
            raise unknown
        try:
            run = self._runs.get(run_id)
        except NotFoundError:
            raise unknown from None
        if run.project not in key.projects:
            raise unknown
        return run


def own(project: str, key: ApiKey, param: str) -> None:
    """Raise ApiError 404, which names ``param``, for a project that the key is not for."""
    if project not in key.projects:
        raise ApiError(404, "this key has no such project", code="project_not_found", param=param)


def signature(key: ApiKey) -> str:
    """Return how a run's history names the key."""
    return f"key:{key.name} ({key.id})"
