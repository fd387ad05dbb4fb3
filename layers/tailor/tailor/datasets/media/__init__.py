"""Find, check and convert the images, videos and documents that rows show, each once.

| module | |
|---|---|
| ``index`` | which file a row means, by path, name or id |
| ``resolver`` | fetches, checks, converts and places objects, many at a time |
| ``cache`` | what was found out about each object (:class:`Asset`), on disk |
| ``images``, ``video`` | what is in the bytes; Pillow is loaded with the first image |
| ``byte_budget`` | how many bytes all threads together may hold |
"""

from tailor.datasets.media.cache import Asset, Found, KnownAssets, Locate, decoded, encoded
from tailor.datasets.media.index import LookupTally, MediaIndex
from tailor.datasets.media.problem import MediaError
from tailor.datasets.media.resolver import MAX_IMAGE_FETCH, MediaResolver, source_of

__all__ = [
    "MAX_IMAGE_FETCH",
    "Asset",
    "Found",
    "KnownAssets",
    "Locate",
    "LookupTally",
    "MediaError",
    "MediaIndex",
    "MediaResolver",
    "decoded",
    "encoded",
    "source_of",
]
