"""Upload a dataset from a browser: what is missing, where to put it, and that it is complete."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from tailor.errors import ConflictError, RecipeError
from tailor.file_kinds import FileKind, kind_of, recipe_among, starts_a_run
from tailor.management.access import FINISHERS, UPLOADERS, AccessControl, signature
from tailor.management.documents import (
    LinkDocument,
    LinkList,
    OpenUploadDocument,
    PieceDocument,
    UploadDocument,
)
from tailor.management.recipe_changes import changed
from tailor.management.requests import FinishRequest, LinksRequest, PieceRequest, UploadRequest
from tailor.names import RECIPE_FILE
from tailor.serving.errors import ApiError
from tailor.serving.keys import ApiKey, Caller
from tailor.serving.schema import read
from tailor.serving.service import ApiAnswer
from tailor.steps import uploading
from tailor.steps.uploading import IncompleteError, LocalFile, PlannedFile, Upload
from tailor.storage import LinkStorage, StoredFile
from tailor.training.recipe_check import read_checked

LINK_SECONDS = 900
MOST_PIECES = 20_000
_LEFT_BEHIND = (FileKind.JUNK, FileKind.DONE)


class Uploads:
    """Operations of docs/api.md on uploads. Each raises ApiError and the errors of :mod:`tailor.errors`."""

    def __init__(self, access: AccessControl, bucket: LinkStorage) -> None:
        self._access = access
        self._bucket = bucket

    def begin(self, project: str, dataset: str, body: bytes, caller: Caller) -> ApiAnswer:
        """Answer ``POST /v1/uploads/{project}/{dataset}``: what has to be sent. A repeat goes on.

        Raises ApiError 409 if an upload of other files is not finished.
        """
        key, prefix = self._access.folder(project, dataset, caller, UPLOADERS)
        asked = read(UploadRequest, body)
        kinds = {file.name: kind_of(file.name, file.size) for file in asked.files}
        files = {
            file.name: LocalFile(file.name, file.size, file.modified)
            for file in asked.files
            if kinds[file.name] not in _LEFT_BEHIND
        }
        if not starts_a_run(kinds.values()):
            raise ApiError(400, "files: there is no data file among them", code="invalid_value", param="files")
        pieces = sum(1 for file in files.values() for _ in _planned(file).pieces())
        if pieces > MOST_PIECES:
            message = (
                f"files: they are {pieces:,} pieces to send, and at most {MOST_PIECES:,} are taken: use tailor push"
            )
            raise ApiError(400, message, code="invalid_value", param="files")
        try:
            upload = uploading.begin(
                list(files.values()),
                self._bucket,
                prefix,
                by=signature(key),
                now=datetime.now(UTC),
                replace=asked.replace,
            )
        except ConflictError as error:
            raise ApiError(409, error.message, code="upload_conflict", param="replace") from error
        ignored = [name for name, kind in kinds.items() if kind in _LEFT_BEHIND]
        return self._shown(project, dataset, upload, key, ignored)

    def show(self, project: str, dataset: str, caller: Caller) -> ApiAnswer:
        """Answer ``GET /v1/uploads/{project}/{dataset}``: what is missing. Raises ApiError 404 if none is under way."""
        key, prefix = self._access.folder(project, dataset, caller, UPLOADERS)
        upload = uploading.resume(self._bucket, prefix)
        if upload is None:
            raise _none_under_way()
        return self._shown(project, dataset, upload, key, [])

    def links(self, project: str, dataset: str, body: bytes, caller: Caller) -> ApiAnswer:
        """Answer ``POST /v1/uploads/{project}/{dataset}/links``: where pieces can be put, for some minutes.

        Raises ApiError 409 for a piece that the upload does not have: begin it again.
        """
        _, prefix = self._access.folder(project, dataset, caller, UPLOADERS)
        asked = read(LinksRequest, body)
        plan = uploading.read_plan(self._bucket, prefix)
        if plan is None:
            raise _none_under_way()
        files = {file.name: file for file in plan.files}
        until = datetime.now(UTC) + timedelta(seconds=LINK_SECONDS)
        data = [self._link(prefix, files.get(piece.name), piece) for piece in asked.pieces]
        return ApiAnswer(LinkList(data=data, expire_at=until).model_dump_json())

    def finish(self, project: str, dataset: str, body: bytes, caller: Caller) -> ApiAnswer:
        """Answer ``POST /v1/uploads/{project}/{dataset}/done``: all is there, and the run need not wait for quiet.

        Raises ApiError 409 if files of an upload that was begun here have not arrived, and 400 for a wrong recipe.
        """
        key, prefix = self._access.folder(project, dataset, caller, FINISHERS)
        asked = read(FinishRequest, body or b"{}")
        files = list(self._bucket.list(prefix))
        if not files:
            raise ApiError(404, "there is no such folder with files", code="upload_not_found", param="dataset")
        try:
            uploading.finish(self._bucket, prefix, more=self._recipe(asked, prefix, files))
        except IncompleteError as error:
            raise ApiError(409, error.message, code="upload_incomplete") from error
        answer = UploadDocument(project=project, dataset=dataset)
        return ApiAnswer(answer.model_dump_json(), facts={"key": key.id, "project": project, "dataset": dataset})

    def _recipe(self, asked: FinishRequest, prefix: str, files: list[StoredFile]) -> dict[str, bytes]:
        """Return the recipe to write, by its name in the folder; none where nothing is changed."""
        if asked == FinishRequest():
            return {}
        try:
            name = recipe_among(file.key.removeprefix(prefix) for file in files) or RECIPE_FILE
            text = changed(asked, self._bucket, prefix, files).encode()
            read_checked(text)
        except RecipeError as error:
            first = error.problems[0]
            raise ApiError(
                400, f"recipe: {first.where}: {first.message}", code="invalid_value", param="recipe"
            ) from error
        return {name: text}

    def _link(self, prefix: str, file: PlannedFile | None, asked: PieceRequest) -> LinkDocument:
        piece = next((piece for piece in file.pieces() if piece.part == asked.part), None) if file else None
        if file is None or piece is None:
            message = "pieces: the upload has no such piece; begin it again with the files that you have"
            raise ApiError(409, message, code="upload_conflict", param="pieces")
        key = prefix + file.name
        if piece.part:
            link = self._bucket.part_link(key, file.upload, piece.part, piece.size, asked.sha256, LINK_SECONDS)
        else:
            kind = uploading.content_type(file.name)
            link = self._bucket.put_link(key, piece.size, asked.sha256, kind, LINK_SECONDS)
        return LinkDocument(name=file.name, part=piece.part, url=link.url, headers=link.headers)

    def _shown(self, project: str, dataset: str, upload: Upload, key: ApiKey, ignored: list[str]) -> ApiAnswer:
        answer = OpenUploadDocument(
            project=project,
            dataset=dataset,
            begun_at=upload.plan.begun_at,
            begun_by=upload.plan.by,
            resumed=upload.resumed,
            files=len(upload.plan.files),
            bytes=upload.plan.bytes,
            remaining_bytes=upload.remaining_bytes,
            remaining=[PieceDocument.model_validate(asdict(piece)) for piece in upload.remaining],
            ignored=ignored,
        )
        return ApiAnswer(answer.model_dump_json(), facts={"key": key.id, "project": project, "dataset": dataset})


def _planned(file: LocalFile) -> PlannedFile:
    return PlannedFile(name=file.name, size=file.size, modified=file.modified)


def _none_under_way() -> ApiError:
    return ApiError(404, "no upload into this folder is under way", code="upload_not_found", param="dataset")
