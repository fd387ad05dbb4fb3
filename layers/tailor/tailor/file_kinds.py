"""Tell what an uploaded file is by its name: one rule for ``check``, ``push`` and the cloud, in any case of letters."""

from collections.abc import Iterable
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Final

from tailor.errors import Problem, RecipeError
from tailor.names import RECIPE_FILE

ROW_SUFFIXES: Final = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet", ".txt")
PACKED_SUFFIXES: Final = (".zip", ".tar", ".tgz", ".gz")
WORKBOOK_SUFFIXES: Final = (".xlsx", ".xlsm", ".ods", ".xls")
DOCUMENTS: Final = {
    ".pdf": "PDF",
    ".docx": "Word",
    ".docm": "Word",
    ".epub": "EPUB",
    ".html": "HTML",
    ".htm": "HTML",
    ".xhtml": "HTML",
    ".md": "Markdown",
    ".markdown": "Markdown",
    ".rst": "text",
}
"""Documents by their endings: those that are data for continued pre-training alone. Text files may hold rows, too."""
DATA_SUFFIXES: Final = (*ROW_SUFFIXES, *WORKBOOK_SUFFIXES, *PACKED_SUFFIXES)
PICTURE_SUFFIXES: Final = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", ".tiff")  # those that are read
VIDEO_SUFFIXES: Final = (".mp4", ".m4v", ".mov", ".mkv", ".webm")
MEDIA_SUFFIXES: Final = (*PICTURE_SUFFIXES, ".heic", ".avif", ".svg", *VIDEO_SUFFIXES, ".pdf")
OFFICE_DOCUMENTS: Final = {
    ".doc": "an old Word document (.doc)",
    ".dot": "an old Word document (.dot)",
    ".rtf": "a text with formatting (RTF)",
    ".odt": "a LibreOffice document (.odt)",
    ".hwp": "a Hangul document (.hwp)",
    ".hwpx": "a Hangul document (.hwpx)",
    ".wpd": "a WordPerfect document",
    ".pages": "a Pages document",
    ".wps": "a WPS document",
}
"""Documents that any office program saves as .docx."""
OFFICE_SUFFIXES: Final = {
    **OFFICE_DOCUMENTS,
    ".ppt": "a presentation",
    ".pptx": "a presentation",
    ".odp": "a presentation",
    ".mobi": "an e-book for Kindle",
    ".azw3": "an e-book for Kindle",
    ".djvu": "a scanned document (DjVu)",
    ".rar": "a RAR archive",
    ".7z": "a 7z archive",
    ".bz2": "a bzip2 file",
    ".xz": "an xz file",
    ".zst": "a Zstandard file",
    ".arrow": "an Arrow file",
    ".pkl": "a pickle of Python",
}
_NOTES: Final = (".css", ".py", ".ipynb", ".sh", ".yaml", ".yml", ".toml", ".gitattributes")
_PAPERS: Final = (
    "license",
    "licence",
    "readme",
    "changelog",
    "requirements",
    "dataset_info",
    "dataset_infos",
    "notice",
    "tokenizer_config",
    "special_tokens_map",
    "generation_config",
    "adapter_config",
    "training_args",
    "trainer_state",
)
RECIPE_NAMES: Final = (RECIPE_FILE, "tailor.yml")
DONE_NAMES: Final = ("_done", "_success")
DONE_FILE: Final = "_DONE"  # as Tailor itself writes it
UPLOADING_FILE: Final = "_UPLOADING"  # nothing starts while it lies in the folder and is not empty
_JUNK_NAMES: Final = (
    "thumbs.db",
    "desktop.ini",
    "_metadata",
    "_common_metadata",
    UPLOADING_FILE.lower(),
    *DONE_NAMES,
)
_JUNK_STARTS: Final = (".", "~$", "_committed_", "_started_")
_JUNK_ENDS: Final = (".part", ".partial", ".tmp", ".temp", ".filepart", ".crdownload", ".swp", "~", "$folder$")
_JUNK_FOLDERS: Final = ("__macosx", "__pycache__", "_temporary", "_delta_log", "_spark_metadata")


class FileKind(StrEnum):
    """Kinds of files in a dataset's folder.

    ``DOCUMENT`` is a text as a whole, for continued pre-training; a PDF may also be what rows of other data show.
    ``UNKNOWN`` names say nothing: such a file is looked into where no other one holds data. ``JUNK`` is what systems
    and tools leave behind. ``DONE`` is the empty file by which an uploader says that all is there.
    """

    DATA = "data"
    DOCUMENT = "document"
    RECIPE = "recipe"
    MEDIA = "media"
    OFFICE = "office"
    PAPER = "paper"
    UNKNOWN = "unknown"
    JUNK = "junk"
    DONE = "done"


_CONTENT: Final = (FileKind.DATA, FileKind.DOCUMENT, FileKind.UNKNOWN)
_PAPER_SUFFIXES: Final = ("", ".txt", ".json", ".md", ".markdown", ".rst", ".html", ".htm")


def kind_of(name: str, size: int | None = None) -> FileKind:
    """Return the kind of a file by its name within the dataset's folder.

    Args:
        size: in bytes, where it is known: an empty file is a leftover, unless its name alone says something.
    """
    if name.lower() in DONE_NAMES and not size:
        return FileKind.DONE
    if is_junk(name):
        return FileKind.JUNK
    if name.lower() in RECIPE_NAMES:
        return FileKind.RECIPE
    kind = _by_suffix(suffix_of(name))
    if is_paper(name) and kind in _CONTENT and suffix_of(name) in _PAPER_SUFFIXES:
        kind = FileKind.PAPER
    return FileKind.JUNK if size == 0 and kind in _CONTENT else kind


def _by_suffix(suffix: str) -> FileKind:
    for kind, suffixes in (
        (FileKind.DATA, DATA_SUFFIXES),
        (FileKind.DOCUMENT, DOCUMENTS),
        (FileKind.MEDIA, MEDIA_SUFFIXES),
        (FileKind.OFFICE, OFFICE_SUFFIXES),
        (FileKind.PAPER, _NOTES),
    ):
        if suffix in suffixes:
            return kind
    return FileKind.UNKNOWN


def is_junk(name: str) -> bool:
    """Return whether systems or tools left this file behind: hidden, temporary, locks, marks of a finished job."""
    *folders, last = name.lower().replace("\\", "/").split("/")
    return (
        last in _JUNK_NAMES
        or last.startswith(_JUNK_STARTS)
        or last.endswith(_JUNK_ENDS)
        or any((part.startswith(".") and part.strip(".")) or part in _JUNK_FOLDERS for part in folders)
    )


def is_paper(name: str) -> bool:
    """Return whether a file's name says that it describes the dataset: a licence, a read-me."""
    return name.rpartition("/")[2].lower().partition(".")[0] in _PAPERS


def suffix_of(name: str) -> str:
    """Return a name's last ending, in lower case."""
    return PurePosixPath(name).suffix.lower()


def starts_a_run(kinds: Iterable[FileKind]) -> bool:
    """Return whether files of these kinds make a dataset: data, documents, or one that must be looked into."""
    return not set(_CONTENT).isdisjoint(kinds)


def recipe_among(names: Iterable[str]) -> str | None:
    """Return the recipe's name in a dataset's folder, or None without one.

    Raises:
        RecipeError: there are two of them.
    """
    found = sorted(name for name in names if kind_of(name) == FileKind.RECIPE)
    if len(found) > 1:
        message = f"there are two recipes, {' and '.join(found)}"
        raise RecipeError([Problem(RECIPE_FILE, message, f"keep one of them, as {RECIPE_FILE}")])
    return found[0] if found else None
