"""Find the file that a row refers to: by path, S3 URI, base name, in any case, or by an id such as COCO's."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import unquote

from tailor.datasets.sources import MediaObject, StoredObject
from tailor.errors import NotFoundError
from tailor.file_kinds import PICTURE_SUFFIXES, VIDEO_SUFFIXES
from tailor.findings import Finding, finding
from tailor.storage import Storage

MAX_NAME: Final = 2000
"""Maximum characters of a name or URI. S3 keys have at most 1,024 bytes."""

_DIGITS: Final = re.compile(r"(\d+)\D*$")
_NUMBER_OF_CAPTION: Final = re.compile(r"(?<=\.jpg|jpeg|\.png)#\d+$")
_UPLOADED: Final = re.compile(r"[0-9a-f]{8}-(?=.)")
"""Label Studio's separator before the name of an uploaded file."""
_URI: Final = re.compile(r"s3:(?:\\?/){2}[^\s\"'`<>,;|]+")
_SCHEME: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]+://")


@dataclass(slots=True)
class LookupTally:
    """Ways in which rows name media other than by path: for each the count, and an example (what the row says and the
    file, both quoted), the first by the alphabet. So it is the same whoever looked at which rows."""

    found: dict[str, tuple[int, str, str]] = field(default_factory=dict)

    def note(self, how: str, ref: str, name: str, count: int = 1) -> None:
        known = self.found.get(how)
        self.found[how] = (known[0] + count, *min(known[1:], (ref, name))) if known else (count, ref, name)

    def add(self, other: "LookupTally") -> None:
        for how, (count, ref, name) in other.found.items():
            self.note(how, ref, name, count)

    def findings(self) -> list[Finding]:
        return [
            finding(_HOW[how], ref=ref, name=name, count=count)
            for how, (count, ref, name) in sorted(self.found.items())
        ]


class MediaIndex:
    """Media of a dataset. Tables for lookups beyond the exact path are built when they are first needed."""

    def __init__(self, storage: Storage, prefix: str, objects: Iterable[MediaObject]) -> None:
        self._storage = storage
        self._prefix = prefix
        self.habits = LookupTally()
        self._objects = {item.name: item for item in objects}
        self._tables: dict[str, dict[str, list[str]]] = {}

    def __len__(self) -> int:
        return len(self._objects)

    def __iter__(self) -> Iterator[MediaObject]:
        return iter(self._objects.values())

    def resolve(self, ref: str, base: str = "") -> MediaObject | None:
        """Return the file of the dataset that ``ref`` means in a data file that lies in folder ``base``; None where
        there is none or more than one (:meth:`explain` says why). Anything looser than a path is reported as a
        finding."""
        found = self._objects.get(ref)
        if found is not None and not base:
            return found
        names, how = self._find(ref, base)
        if len(names) != 1:
            return None
        if how:
            self.habits.note(how, repr(ref), repr(names[0]))
        return self._objects[names[0]]

    def outside(self, ref: str, base: str = "") -> str | None:
        """Return the key that ``ref`` means in the same bucket and project, outside of the dataset's folder; whether an
        object lies there, :meth:`find_outside` says."""
        bucket, key = _s3(ref)
        project = "/".join(self._prefix.split("/")[:2]) + "/"
        if not bucket or bucket != self.bucket or not key.startswith(project) or key.endswith("/"):
            return None
        sound = len(ref) <= MAX_NAME and "\0" not in key and key == key.encode(errors="replace").decode()
        return key if sound and not self._find(ref, base)[0] else None

    def outside_in(self, text: str) -> set[str]:
        """Return the keys outside of the folder that occur in a text of any format."""
        named = {uri.replace("\\/", "/") for uri in _URI.findall(text)}
        return {key for key in map(self.outside, named) if key}

    def find_outside(self, key: str) -> StoredObject | None:
        """Return the object outside of the folder; None if there is none."""
        try:
            with self._storage.open(key) as file:
                size = file.seek(0, 2)
        except NotFoundError:
            return None
        return StoredObject(self._storage, key, key, size)

    def knows(self, ref: str) -> bool:
        """Return whether :meth:`resolve` would find it, without reporting how."""
        return len(self._find(ref, "")[0]) == 1

    def explain(self, ref: str, base: str = "") -> Finding:
        """Return why :meth:`resolve` returned None."""
        names, _ = self._find(ref, base)
        if len(names) > 1:
            return finding("media-ambiguous", ref, ref=ref, count=len(names), names=", ".join(names[:3]))
        if ref.startswith(("http://", "https://")):
            return finding("media-remote", ref, ref=ref)
        bucket, _key = _s3(ref)
        if bucket and bucket != self.bucket:
            return finding("media-other-bucket", ref, ref=ref)
        if near := self._table("letters").get(_letters(ref), []):
            return finding("media-missing/near", ref, ref=ref, near=near[0])
        return finding("media-missing" if self._objects else "media-missing/none", ref, ref=ref)

    @property
    def bucket(self) -> str:
        """Return the bucket's name; empty if the dataset is in a local folder."""
        return _s3(self._storage.uri(self._prefix))[0]

    def _find(self, ref: str, base: str) -> tuple[list[str], str]:
        """Return the names of matching files, and how they match: "" for a path, else a key of ``_HOW``."""
        if len(ref) > MAX_NAME:
            return [], ""
        path = _NUMBER_OF_CAPTION.sub("", self._path(ref)) if "#" in ref else self._path(ref)
        for candidate in (_join(base, path), path):
            if candidate in self._objects:
                return [candidate], ""
        if not path:
            return [], ""
        base_name = _base_name(path)
        uploaded = _UPLOADED.match(base_name)
        ways = [("name", base_name), ("case", _folded(base_name))]
        for how, table_key in [*ways, ("name", base_name[uploaded.end() :])] if uploaded else ways:
            names = self._table(how).get(table_key, [])
            if names:
                return _nearest(names, path, base, how)
        return self._by_id(path), "id"

    def _by_id(self, path: str) -> list[str]:
        stem = _folded(_base_name(path))
        names = self._table("stem").get(stem, [])
        if not names and (kind := _kind(path)):  # of another format: it was converted
            names = [name for name in self._table("stem").get(_stem(path), []) if _kind(name) == kind]
        if names or not stem.isdecimal():
            return names
        return self._table("number").get(stem.lstrip("0") or "0", [])

    def _path(self, ref: str) -> str:
        """Return ``ref`` as a path inside the dataset folder."""
        bucket, key = _s3(ref)
        if bucket and bucket == self.bucket and key.startswith(self._prefix):
            return key[len(self._prefix) :]
        path = _SCHEME.sub("", ref.strip().replace("\\", "/"))
        if path not in self._objects and "%" in path:
            path = unquote(path)
        parts = [part for part in path.split("/") if part not in ("", ".")]
        while ".." in parts[1:]:
            at = parts.index("..", 1)
            del parts[at - 1 : at + 1]
        return "/".join(part for part in parts if part != "..")

    def _table(self, how: str) -> dict[str, list[str]]:
        if how not in self._tables:
            table = defaultdict(list)
            for name in self._objects:
                key = _KEYS[how](name)
                if key:
                    table[key].append(name)
            self._tables[how] = dict(table)
        return self._tables[how]


_HOW: Final = {"name": "media-by-name", "case": "media-by-case", "id": "media-by-id"}


def _s3(uri: str) -> tuple[str, str]:
    if not uri.startswith("s3://"):
        return "", ""
    bucket, _, key = uri[5:].partition("/")
    return bucket, key


def _join(base: str, path: str) -> str:
    return f"{base.strip('/')}/{path}" if base else path


def _base_name(path: str) -> str:
    return path.rpartition("/")[2]


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


def _stem(name: str) -> str:
    return _folded(PurePosixPath(_base_name(name)).stem)


def _number(name: str) -> str:
    match = _DIGITS.search(_stem(name))
    return (match[1].lstrip("0") or "0") if match else ""


def _letters(name: str) -> str:
    """Return a name without what people write differently: punctuation, leading zeros, the format."""
    return re.sub(r"[\W_]+|(?<!\d)0+(?=\d)", "", _stem(name))


def _kind(name: str) -> str:
    suffix = PurePosixPath(name).suffix.lower()
    return "image" if suffix in PICTURE_SUFFIXES else "video" if suffix in VIDEO_SUFFIXES else ""


_KEYS: Final = {
    "letters": _letters,
    "name": _base_name,
    "case": lambda name: _folded(_base_name(name)),
    "stem": _stem,
    "number": _number,
}


def _nearest(names: list[str], path: str, base: str, how: str) -> tuple[list[str], str]:
    """Return the files of this base name that share the longest end of the path, or else those nearest to the data
    file."""
    shared = {name: _shared_end(name, path) for name in names}
    most = max(shared.values())
    names = [name for name in names if shared[name] == most]
    if len(names) > 1 and base:
        near = [name for name in names if name.startswith(base.strip("/") + "/")]
        names = near or names
    whole = most == path.count("/") + 1
    return names, "" if whole and how == "name" else how


def _shared_end(name: str, path: str) -> int:
    count = 0
    for one, other in zip(reversed(_folded(name).split("/")), reversed(_folded(path).split("/")), strict=False):
        if one != other:
            break
        count += 1
    return count
