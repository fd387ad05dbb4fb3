"""Find and remove a project's objects, keys and rows: stores of :mod:`tailor.steps.erase`."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from tailor.aws.clients import s3
from tailor.aws.failures import translated
from tailor.aws.keys import KeyTable
from tailor.aws.ledger import LedgerTable
from tailor.aws.serving import KEEP_USAGE
from tailor.errors import RetryableError
from tailor.runs import Run
from tailor.serving.keys import ApiKey
from tailor.steps.erase import FOLDERS, StoredItem, folders
from tailor.steps.filling import FolderStore
from tailor.training.spending import Booking

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

NOBODY = "(erased)"  # no project can be called so
_MONTHS = KEEP_USAGE.days // 28 + 1


class ObjectVersions:
    """All versions of a project's objects, their delete markers, and uploads that were never finished."""

    title = "object versions"

    def __init__(self, bucket: str) -> None:
        self._bucket = bucket

    @property
    def _s3(self) -> "S3Client":
        return s3()

    def find(self, project: str, runs: Sequence[Run]) -> Iterator[StoredItem]:
        for prefix in folders(project, runs):
            with translated(f"listing versions in s3://{self._bucket}/{prefix}"):
                for page in self._s3.get_paginator("list_object_versions").paginate(Bucket=self._bucket, Prefix=prefix):
                    for version in page.get("Versions", []):
                        yield StoredItem(
                            "", {"Key": version["Key"], "VersionId": version["VersionId"]}, version["Size"]
                        )
                    for marker in page.get("DeleteMarkers", []):
                        yield StoredItem("", {"Key": marker["Key"], "VersionId": marker["VersionId"]})
                uploads = self._s3.get_paginator("list_multipart_uploads").paginate(Bucket=self._bucket, Prefix=prefix)
                for unfinished in uploads:
                    for upload in unfinished.get("Uploads", []):
                        yield StoredItem("", {"Key": upload["Key"], "UploadId": upload["UploadId"]})

    def remove(self, items: Sequence[StoredItem]) -> None:
        with translated(f"deleting versions from s3://{self._bucket}"):
            for item in items:
                if "UploadId" in item.handle:
                    self._s3.abort_multipart_upload(Bucket=self._bucket, **item.handle)
            versions: list[Any] = [item.handle for item in items if "VersionId" in item.handle]
            if not versions:
                return
            answer = self._s3.delete_objects(Bucket=self._bucket, Delete={"Objects": versions, "Quiet": True})
        for error in answer.get("Errors", []):
            raise RetryableError(f"deleting from s3://{self._bucket}: {error.get('Code')}: {error.get('Message')}")


class ProjectRows(KeyTable):
    """The live version, usage and counters of keys; subclasses have the keys and the bookings."""

    title = "live versions and rows of usage"

    def find(self, project: str, runs: Sequence[Run]) -> Iterator[StoredItem]:
        for partition in (f"PROJECT#{project}", f"USAGE#{project}"):
            yield from self._rows(partition)

    def remove(self, items: Sequence[StoredItem]) -> None:
        self._table.delete([item.handle for item in items], "removing rows")

    def _rows(self, partition: str) -> Iterator[StoredItem]:
        for row in self._table.query("pk = :partition", {":partition": partition}, f"reading {partition}"):
            yield StoredItem("", {"pk": row["pk"], "sk": row["sk"]})


class ProjectKeys(ProjectRows):
    """API keys: those of the project alone, with their counters, are removed; others lose the project."""

    title = "API keys"

    def find(self, project: str, runs: Sequence[Run]) -> Iterator[StoredItem]:
        for key in self.all_keys():
            if project in key.projects:
                left = replace(key, projects=tuple(each for each in key.projects if each != project))
                yield StoredItem(key.id, left)

    def remove(self, items: Sequence[StoredItem]) -> None:
        for item in items:
            key: ApiKey = item.handle
            row = {"pk": "KEYS", "sk": key.digest}
            if key.projects:
                self._table.put(row | key.to_row(), f"taking a project from key {key.id}")
            else:
                super().remove([*self._rows(f"RATE#{key.id}"), StoredItem(key.id, row)])


class ProjectFolders:
    """Records of folders in which something moved; deleting objects moves something, and is noted too."""

    title = FOLDERS

    def __init__(self, folders: FolderStore) -> None:
        self._folders = folders

    def find(self, project: str, runs: Sequence[Run]) -> Iterator[StoredItem]:
        return (StoredItem("", folder) for folder in self._folders.of_project(project))

    def remove(self, items: Sequence[StoredItem]) -> None:
        for item in items:
            self._folders.remove(item.handle)


class ProjectBookings(LedgerTable):
    """Bookings of months. Those of this month keep their amounts, as nobody's: the stack's limit counts them."""

    title = "bookings"

    def __init__(self, table_name: str, now: datetime) -> None:
        super().__init__(table_name)
        self._now = now

    def find(self, project: str, runs: Sequence[Run]) -> Iterator[StoredItem]:
        for month in self._months():
            for booking in self.bookings(month):
                if booking.project == project:
                    yield StoredItem("", (month, booking))

    def remove(self, items: Sequence[StoredItem]) -> None:
        for item in items:
            month, booking = item.handle
            if month == f"{self._now:%Y-%m}":
                self.book(month, self._nobodys(booking))
            self.take_back(month, booking.run)

    def _nobodys(self, booking: Booking) -> Booking:
        name = f"{NOBODY}-{sha256(booking.run.encode()).hexdigest()[:12]}"  # the same again after an interruption
        return replace(booking, run=name, project=NOBODY, settled=True)

    def _months(self) -> Iterator[str]:
        """Yield this month, those after it that a run may have been booked in, and all that are kept."""
        year, month = self._now.year, self._now.month
        for back in range(-1, _MONTHS):
            at = year * 12 + month - 1 - back
            yield f"{at // 12}-{at % 12 + 1:02}"
