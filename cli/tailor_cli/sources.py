"""Find the sources that ``tailor check`` can read: a folder, single files with the media beside them, or a bucket."""

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from tailor.catalog import Model
from tailor.datasets.example import Example, media_of
from tailor.datasets.formats import read_dataset
from tailor.errors import InvalidInputError, NotFoundError
from tailor.file_kinds import DOCUMENTS, WORKBOOK_SUFFIXES, FileKind, kind_of, recipe_among
from tailor.recipe import Recipe
from tailor.steps.opening import read_recipe
from tailor.storage import FolderStorage, LinkedFolder, Storage, StoredFile, files_of
from tailor.training.recipe_check import read_checked


def source_of(paths: list[str]) -> tuple[Storage, str]:
    """Return the storage and prefix of the paths given on the command line. Several files are one dataset.

    Raises:
        NotFoundError: a path does not exist.
        InvalidInputError: the paths can't be combined.
    """
    if any(path.startswith("s3://") for path in paths):
        if len(paths) > 1:
            raise InvalidInputError("an S3 URI can't be checked together with other paths", hint="give one S3 URI")
        return _bucket(paths[0])
    found = [Path(os.path.abspath(path)) for path in paths]  # noqa: PTH100  links stay what they are called
    for path in found:
        if not path.exists():
            raise NotFoundError(f"there is no file or folder {str(path)!r}")
    if len(found) == 1 and found[0].is_dir():
        return LinkedFolder(found[0]), ""
    root = root_of(found)

    def is_chosen(key: str) -> bool:
        return any((root / key).is_relative_to(path) for path in found)

    beside = not all(is_archive(path) for path in found)
    return ChosenFiles(FolderStorage(root), is_chosen, beside), ""


def recipe_of(storage: Storage, prefix: str, changes: Mapping[str, Any]) -> tuple[Recipe, Model]:
    """Return the recipe beside the data, with ``changes`` applied, and its model.

    Raises:
        RecipeError: lists every problem of the recipe.
    """
    text = read_recipe(storage, prefix, storage.list(prefix)) or b""
    recipe, model = read_checked(text, **changes)
    if isinstance(storage, ChosenFiles) and recipe.method == "continued-pre-training":
        storage.beside = False  # it has no media, and a PDF beside the chosen file is another document
    return recipe, model


_ARCHIVES = (".zip", ".tar", ".tgz", ".tar.gz", *WORKBOOK_SUFFIXES, *DOCUMENTS)


class ChosenFiles:
    """A view of a storage that shows the chosen files and the recipe, and the media ``beside`` them."""

    def __init__(self, storage: Storage, is_chosen: Callable[[str], bool], beside: bool = True) -> None:
        self._storage, self._is_chosen, self.beside = storage, is_chosen, beside

    def list(self, prefix: str = "") -> Iterator[StoredFile]:
        for file in self._storage.list(prefix):
            kind = kind_of(file.key.rpartition("/")[2])
            medium = self.beside and kind in (FileKind.MEDIA, FileKind.DOCUMENT)
            if medium or kind == FileKind.RECIPE or self._is_chosen(file.key):
                yield file

    def open(self, key: str) -> BinaryIO:
        return self._storage.open(key)

    def read(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        return self._storage.read(key, start, length)

    def write(self, key: str, data: bytes, content_type: str = "application/octet-stream") -> None:
        self._storage.write(key, data, content_type)

    def upload(self, key: str, path: Path, content_type: str = "application/octet-stream") -> None:
        self._storage.upload(key, path, content_type)

    def delete(self, keys: Iterable[str]) -> None:
        self._storage.delete(keys)

    def uri(self, key: str) -> str:
        return self._storage.uri(key)


def _bucket(uri: str) -> tuple[Storage, str]:
    from tailor.aws.s3 import S3Storage  # boto3 is slow to import, and most checks don't need it

    bucket, _, key = uri.removeprefix("s3://").partition("/")
    if not bucket:
        raise InvalidInputError(f"{uri!r} names no bucket", hint="write s3://bucket/folder/")
    storage = S3Storage(bucket)
    first = next(storage.list(key), None)
    if first and key and first.key == key:
        folder = key[: key.rfind("/") + 1]
        return ChosenFiles(storage, lambda other: other == key), folder
    folder = key if key.endswith("/") or not key else f"{key}/"
    if not first or next(storage.list(folder), None) is None:
        raise NotFoundError(f"there is nothing under {storage.uri(folder)}")
    return storage, folder


def files_of_dataset(paths: Sequence[Path]) -> dict[str, Path]:
    """Return the files named by the paths given to ``tailor push``, by their names in the dataset.

    A folder is all that is in it. Files are themselves, the recipe beside them, and the media beside them that their
    rows name: what ``tailor check`` looks at. An archive has its media inside.

    Raises:
        InvalidInputError: rows name media that are not there.
        RecipeError: lists every problem of the recipe.
    """
    if len(paths) == 1 and paths[0].is_dir():
        return {file.relative_to(paths[0]).as_posix(): file for file in files_of(paths[0])}
    root = root_of(paths)
    given = [file for path in paths for file in (files_of(path) if path.is_dir() else [path])]
    found = {file.absolute().relative_to(root).as_posix(): file for file in given}
    recipe = recipe_among(beside.name for beside in root.iterdir() if beside.is_file())
    if recipe is not None:
        found[recipe] = root / recipe
    if not all(is_archive(path) for path in paths):
        found.update((name, root / name) for name in _named_media(paths))
    return found


def root_of(paths: Sequence[Path]) -> Path:
    """Return the folder that contains several files and folders."""
    found = [Path(os.path.abspath(path)) for path in paths]  # noqa: PTH100  links stay what they are called
    return Path(os.path.commonpath([path if path.is_dir() else path.parent for path in found]))


def is_archive(path: Path) -> bool:
    """Return whether a file is checked alone, because it is an archive or a document."""
    return path.name.lower().endswith(_ARCHIVES)


def _named_media(paths: Sequence[Path]) -> list[str]:
    """Return the media beside data files that their rows refer to."""
    storage, prefix = source_of(list(map(str, paths)))
    recipe, _ = recipe_of(storage, prefix, {})
    named: dict[str, None] = {}
    missing: list[str] = []
    with tempfile.TemporaryDirectory(prefix="tailor-push-") as scratch:
        reader = read_dataset(storage, prefix, recipe.data, recipe.method, Path(scratch))
        passages = [name for name in reader.passages if (root_of(paths) / name).is_file()]
        if not len(reader.media):
            return passages
        for row in reader:
            for _, medium in media_of(row) if isinstance(row, Example) else ():
                item = reader.media.resolve(medium.ref) if medium.ref else None
                if item is not None and item.stored:
                    named[item.name] = None
                elif item is None and medium.ref and "://" not in medium.ref:
                    missing.append(medium.ref)
    if missing:
        said = " ".join(map(str, paths))
        names = f"{paths[0].name} names" if len(paths) == 1 else f"{len(paths)} files name"
        message = f"{names} {len(missing)} media that do not lie beside it, for example {missing[0]!r:.100}"
        raise InvalidInputError(message, hint=f"run tailor check {said}; or push the folder that holds them")
    return [*named, *passages]
