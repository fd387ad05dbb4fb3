"""Fetch each distinct media object of a dataset once, concurrently, and prepare it as Bedrock reads it.

Bedrock reads media by their place in S3, where no version can be named, hours or weeks after they were checked. So
what was uploaded to a bucket is copied beside the prepared data, in the version that was checked. What lies in archives
or rows, or must be converted, is written there too. Only a dataset in a local folder is left where it lies.
"""

import hashlib
import re
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any, cast

from tailor.catalog import Limits
from tailor.datasets.example import Media, MediaKind
from tailor.datasets.media import video
from tailor.datasets.media.byte_budget import ByteBudget
from tailor.datasets.media.cache import Asset, KnownAssets
from tailor.datasets.media.index import LookupTally, MediaIndex
from tailor.datasets.media.problem import MediaError
from tailor.datasets.sources import DamagedFileError, MediaObject
from tailor.findings import Finding, finding
from tailor.storage import FrozenStorage, Storage

WORKERS = 32
"""Number of fetching threads: S3 answers after about 0.1 s, and serves 5,500 requests a second to all functions."""
MAX_IMAGE_FETCH = 64 * 1024 * 1024
_HELD = ByteBudget(256 * 1024 * 1024)
"""Bytes of media in memory at any time."""
_REMEMBERED = 20_000
_SAFE_KEY = re.compile(r"[A-Za-z0-9_\-./]+")
_UNSAFE = re.compile(r"[^A-Za-z0-9_\-./]")
_SUFFIXES = {"jpg": "jpeg", "jpeg": "jpeg", "png": "png", "gif": "gif", "webp": "webp", "bmp": "bmp", "tif": "tiff"}
_SUFFIXES |= {"mp4": "mp4", "m4v": "mp4", "mov": "mov", "mkv": "mkv", "webm": "webm", "tiff": "tiff"}
_SPELLINGS = frozenset(_SUFFIXES.values())
"""Names of formats in Converse, and of some that it does not take."""
_CONTENT_TYPES = {"mov": "video/quicktime", "mp4": "video/mp4", "mkv": "video/x-matroska", "webm": "video/webm"}


@dataclass(frozen=True, slots=True)
class _Wanted:
    """An object that a block refers to, from a data file in the folder ``base``.

    ``found``: in the dataset. ``outside``: a key that may lie outside it. Neither is set if the block brings its bytes
    or names no file. ``identity`` tells objects apart.
    """

    identity: str
    block: Media
    base: str
    found: MediaObject | None = None
    outside: str | None = None

    @property
    def named(self) -> bool:
        return self.found is not None or self.outside is not None

    @property
    def lasting(self) -> bool:
        """Return whether what is found out about it is worth storing."""
        return self.named or self.block.data is not None


class MediaResolver:
    """Resolves, checks and places media of many examples at once."""

    def __init__(
        self,
        index: MediaIndex,
        uploads: Storage,
        output: Storage,
        run_prefix: str,
        limits: Limits,
        model: str,
        known: KnownAssets,
    ) -> None:
        self._index, self._output, self._limits, self._model, self._known = index, output, limits, model, known
        self._taken = {"image": limits.images_per_example, "video": limits.videos_per_example}
        self._folder = f"{run_prefix}prepared/media/"
        self._frozen = uploads if isinstance(uploads, FrozenStorage) else None
        self._offline = not uploads.uri("").startswith("s3://")
        self._recent: OrderedDict[tuple[str, str | None], Asset] = OrderedDict()
        self._pool = ThreadPoolExecutor(WORKERS, "media")

    @property
    def habits(self) -> LookupTally:
        """Return how the requested media are named."""
        return self._index.habits

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)
        self._known.close()

    def identity(self, block: Media, base: str) -> str | None:
        """Return the identity of a block's object; None if the block has its own bytes or names no file."""
        wanted = self._wanted(block, base)
        return wanted.identity if wanted.named else None

    def find_out(self, identities: Iterable[str]) -> None:
        """Examine objects with these identities. Raises as :meth:`fetch` does."""
        wanted = [self._wanted(_block_of(identity), "") for identity in identities]
        self._find_out({each.identity: each for each in wanted if each.named})

    def known(self, identities: Iterable[str]) -> dict[str, Asset]:
        """Return what is known of objects so far."""
        return self._known.get(identities)

    def fetch(self, media: Iterable[tuple[Media, str]]) -> tuple[list[Asset], list[Asset]]:
        """Return the asset of each block, given with the folder of its data file; and those that were not asked for
        lately.

        Raises RetryableError (or what else the storage raises) where an object can't be read now.
        """
        keys: list[tuple[str, str | None]] = []
        missing: dict[tuple[str, str | None], _Wanted] = {}
        for block, base in media:
            wanted = self._wanted(block, base)
            key = (wanted.identity, block.format)  # the row's claim is reported too
            keys.append(key)
            if key in self._recent:
                self._recent.move_to_end(key)
            else:
                missing.setdefault(key, wanted)
        assets = self._find_out({wanted.identity: wanted for wanted in missing.values() if wanted.lasting})
        fresh = []
        for key, wanted in missing.items():
            known = assets.get(wanted.identity)
            asset = _with_claims(known, wanted.block) if known else self._unresolved(wanted.block, wanted.base)
            self._recent[key] = asset
            fresh.append(asset)
        asked = [self._recent[key] for key in keys]
        while len(self._recent) > _REMEMBERED:
            self._recent.popitem(last=False)
        return asked, fresh

    def _wanted(self, block: Media, base: str) -> _Wanted:
        if block.data is not None:
            return _Wanted(f"data:{block.kind}:{hashlib.sha256(block.data).hexdigest()}", block, base)
        ref = block.ref or ""
        if found := self._index.resolve(ref, base):
            return _Wanted(f"{block.kind}:{found.name}", block, base, found)
        outside = self._index.outside(ref, base)
        return _Wanted(
            f"{block.kind}:{ref}" if outside else f"ref:{block.kind}:{base}:{ref}", block, base, None, outside
        )

    def _find_out(self, wanted: Mapping[str, _Wanted]) -> dict[str, Asset]:
        """Examine objects and store each result, even if another can't be read now: none is fetched twice."""
        assets = self._known.get(wanted)
        tasks = {key: self._pool.submit(self._check, each) for key, each in wanted.items() if key not in assets}
        _, others = wait(tasks.values(), return_when=FIRST_EXCEPTION)
        for task in others:
            task.cancel()
        wait(others)
        done = {key: task for key, task in tasks.items() if not task.cancelled()}
        found = {key: task.result() for key, task in done.items() if task.exception() is None}
        self._known.add(found)
        for task in done.values():
            task.result()  # raises what went wrong
        return assets | found

    def _check(self, wanted: _Wanted) -> Asset:
        block, found = wanted.block, wanted.found
        if not self._taken.get(block.kind, 1):  # rows that show it are refused, whatever it is
            return Asset(found.name if found else block.ref or "", block.kind)
        if wanted.outside is not None:
            found = self._index.find_outside(wanted.outside)
            if found is None:
                return self._unresolved(block, wanted.base)
        name = found.name if found else f"{block.kind} in a row ({hashlib.sha256(block.data or b'').hexdigest()[:12]})"
        try:
            if block.kind == "image":
                with _HELD.acquire(found.size if found else 0):
                    return self._image(name, block, found)
            if block.kind == "video":
                return self._video(name, block, found)
            raise MediaError("media-not-supported", who=self._model, what="a model", kind=block.kind)
        except MediaError as error:
            values = {"name": name, "model": self._model, **error.values}
            return Asset(name, block.kind, problem=finding(error.code, name, **values))
        except DamagedFileError as error:
            problem = finding(f"{block.kind}-unreadable", name, name=name, model=self._model, reason=error.message)
            return Asset(name, block.kind, problem=problem)

    def _unresolved(self, block: Media, base: str) -> Asset:
        ref = block.ref or ""
        if not (self._offline and ref.startswith("s3://")):
            return Asset(ref, block.kind, problem=self._index.explain(ref, base))
        bucket, _, key = ref[5:].partition("/")
        if not bucket or not key or key.endswith("/"):
            return Asset(ref, block.kind, problem=finding("media-key", ref, ref=ref, reason="it names no object"))
        if wrong := _UNSAFE.search(key):
            reason = f"Bedrock does not take {wrong.group()!r} in a key"
            return Asset(ref, block.kind, problem=finding("media-key", ref, ref=ref, reason=reason))
        digest = hashlib.sha256(ref.encode()).hexdigest()
        format = _SUFFIXES.get((block.format or PurePosixPath(key).suffix.lstrip(".")).lower(), "")
        notes = [*_name_notes(ref, block, format, told_by="the row"), finding("media-unchecked", ref, ref=ref)]
        return Asset(ref, block.kind, digest, format, ref, notes=tuple(notes))

    def _image(self, name: str, block: Media, found: MediaObject | None) -> Asset:
        from tailor.datasets.media import images  # Pillow is loaded with the first image

        if found and found.size > MAX_IMAGE_FETCH:
            raise MediaError("media-too-large", size=found.size, limit=MAX_IMAGE_FETCH)
        data = found.read() if found else block.data or b""
        picture = images.inspect(data, self._limits)
        notes: list[Finding] = []
        digest, format, change = hashlib.sha256(data).hexdigest(), picture.format or "", ""
        if picture.frames > 1:
            notes.append(finding("image-animated", name, name=name, frames=picture.frames))
        if picture.changes:
            data, format = images.converted(data, self._limits)
            change = "; ".join(picture.changes)
            notes.append(finding("image-converted", name, name=name, reason=change))
        asset = Asset(
            name, "image", digest, format, "", len(data), picture.width, picture.height,
            look=picture.look, uploaded=picture.format or "",
        )  # fmt: skip
        return self._placed(asset, found, data if change else None, data, notes)

    def _video(self, name: str, block: Media, found: MediaObject | None) -> Asset:
        data, limits = block.data or b"", self._limits
        size = found.size if found else len(data)
        if limits.video_bytes and size > limits.video_bytes:
            raise MediaError("media-too-large", size=size, limit=limits.video_bytes)

        def read(start: int, length: int) -> bytes:
            return found.read(start, length) if found else data[start : start + length]

        format, seconds = video.inspect(read, size)
        if format not in limits.video_formats:
            raise MediaError("video-unreadable", reason=f"{self._model} does not take {format}")
        if seconds is not None and limits.video_seconds and seconds > limits.video_seconds:
            raise MediaError("video-too-long", seconds=seconds, limit=limits.video_seconds)
        notes = [finding("video-length-unknown", name, name=name)] if seconds is None else []
        ends = read(0, video.HEAD) + read(max(0, size - video.HEAD), video.HEAD)
        digest = hashlib.sha256(size.to_bytes(8) + ends).hexdigest()
        asset = Asset(name, "video", digest, format, "", size, seconds=seconds, uploaded=format)
        return self._placed(asset, found, None, data, notes)

    def _placed(
        self, asset: Asset, found: MediaObject | None, changed: bytes | None, data: bytes, notes: list[Finding]
    ) -> Asset:
        """Return the asset with its final place; ``data`` may be empty if the object was not read completely."""
        in_place = found is not None and found.stored and changed is None
        content_type = _CONTENT_TYPES.get(asset.format, f"image/{asset.format}")
        if found and in_place and self._frozen:
            # Nothing else of this name is in the run; a video's digest is of its size and its ends.
            name = asset.digest if asset.kind == "image" else hashlib.sha256(found.key.encode()).hexdigest()
            key = f"{self._folder}{name}.{asset.format}"
            self._frozen.keep(found.key, key, content_type)
            return replace(asset, uri=self._frozen.uri(key), notes=tuple(notes))
        if found and in_place and _SAFE_KEY.fullmatch(found.key):
            return replace(asset, uri=found.uri, notes=tuple(notes))
        with _HELD.acquire(0 if data else asset.size):
            whole = changed or data or (found.read() if found else b"")
            key = f"{self._folder}{hashlib.sha256(whole).hexdigest()}.{asset.format}"
            self._output.write(key, whole, content_type)
        return replace(asset, uri=self._output.uri(key), notes=tuple(notes))


def _block_of(identity: str) -> Media:
    """Return a block for the object of this identity."""
    kind, _, ref = identity.partition(":")
    return Media(cast("MediaKind", kind), ref)


def _with_claims(asset: Asset, block: Media) -> Asset:
    """Return the asset, with findings about the claims of a row that shows it."""
    claims = () if asset.problem else _name_notes(asset.name, block, asset.uploaded)
    return replace(asset, notes=(*claims, *asset.notes)) if claims else asset


def source_of(asset: Asset, owner: str | None) -> dict[str, Any]:
    """Return a media block's content in Converse's shape."""
    location = {"uri": asset.uri, "bucketOwner": owner} if owner else {"uri": asset.uri}
    return {"format": asset.format, "source": {"s3Location": location}}


def _name_notes(name: str, block: Media, format: str, told_by: str = "the content") -> list[Finding]:
    """Return findings if the object's name or the row claims another format than the object has."""
    notes = []
    if block.format and block.format not in _SPELLINGS and block.format.lower() in _SUFFIXES:
        spelling = _SUFFIXES[block.format.lower()]
        notes.append(finding("media-format", name, name=name, written=block.format, format=spelling))
    claims = [("its name", PurePosixPath(name).suffix.lstrip(".")), ("the row", block.format or "")]
    for who, claim in claims:
        known = _SUFFIXES.get(claim.lower())
        if known and format and known != format and who != told_by:
            values: dict[str, Any] = {"told_by": told_by, "format": format, "who": who, "claimed": claim}
            notes.append(finding("media-name", name, name=name, **values))
            break
    return notes
