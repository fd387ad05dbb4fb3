"""Where ``tailor check`` reads from: a folder, single files with the media beside them, or a bucket."""

import os
from collections.abc import Iterator
from pathlib import Path

from tailor.errors import InvalidInputError, NotFoundError
from tailor.names import RECIPE_FILE
from tailor.storage import FolderStorage, Storage, StoredFile

_MEDIA = frozenset(
    ".png .jpg .jpeg .gif .webp .bmp .tif .tiff .heic .avif .mp4 .m4v .mov .mkv .webm .pdf".split()  # noqa: SIM905
)


def source_of(paths: list[str]) -> tuple[Storage, str]:
    """The storage and prefix that hold what was named on the command line. Several files are one dataset.

    Raises NotFoundError for a path that does not exist, InvalidInputError for what can't be taken together."""
    if any(path.startswith("s3://") for path in paths):
        if len(paths) > 1:
            raise InvalidInputError("an S3 URI can't be checked together with other paths", hint="give one S3 URI")
        return _bucket(paths[0])
    found = [Path(path).absolute() for path in paths]
    for path in found:
        if not path.exists():
            raise NotFoundError(f"there is no file or folder {str(path)!r}")
    if len(found) == 1 and found[0].is_dir():
        return FolderStorage(found[0]), ""
    return ChosenFiles(found), ""


class ChosenFiles(FolderStorage):
    """Some files and folders under their common folder; beside a file also media and a recipe, which it may need."""

    def __init__(self, paths: list[Path]) -> None:
        super().__init__(Path(os.path.commonpath([path if path.is_dir() else path.parent for path in paths])))
        self._paths = [path.resolve() for path in paths]

    def list(self, prefix: str = "") -> Iterator[StoredFile]:
        folders = [path for path in self._paths if path.is_dir()]
        for file in super().list(prefix):
            path = self.root / file.key
            beside = path.suffix.lower() in _MEDIA or path.name == RECIPE_FILE
            if beside or path in self._paths or any(path.is_relative_to(folder) for folder in folders):
                yield file


def _bucket(uri: str) -> tuple[Storage, str]:
    from tailor.aws.s3 import S3Storage  # boto3 takes a while to load, and most checks do without

    bucket, _, prefix = uri.removeprefix("s3://").partition("/")
    if not bucket:
        raise InvalidInputError(f"{uri!r} names no bucket", hint="write s3://bucket/folder/")
    return S3Storage(bucket), prefix if prefix.endswith("/") or not prefix else f"{prefix}/"
