"""Say that an upload is complete."""

from tailor.file_kinds import DONE_FILE
from tailor.management.access import STARTERS, Access
from tailor.management.documents import UploadDocument
from tailor.names import MAX_NAME, NAME, UPLOADS
from tailor.serving.errors import ApiError
from tailor.serving.keys import Caller
from tailor.serving.service import ApiAnswer
from tailor.storage import Storage


class Uploads:
    """Operations of docs/api.md on uploads. Each raises ApiError and the errors of :mod:`tailor.errors`."""

    def __init__(self, access: Access, bucket: Storage) -> None:
        self._access = access
        self._bucket = bucket

    def finish(self, project: str, dataset: str, caller: Caller) -> ApiAnswer:
        """Answer ``POST /v1/uploads/{project}/{dataset}/done``: all is there, and the run need not wait for quiet."""
        key = self._access.key(caller, STARTERS)
        named = all(len(name) <= MAX_NAME and NAME.fullmatch(name) for name in (project, dataset))
        prefix = f"{UPLOADS}{project}/{dataset}/"
        if not named or project not in key.projects or next(iter(self._bucket.list(prefix)), None) is None:
            raise ApiError(404, "there is no such folder with files", code="upload_not_found", param="dataset")
        self._bucket.write(f"{prefix}{DONE_FILE}", b"")
        answer = UploadDocument(project=project, dataset=dataset)
        return ApiAnswer(answer.model_dump_json(), facts={"key": key.id, "project": project, "dataset": dataset})
