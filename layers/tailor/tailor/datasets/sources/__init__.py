"""Read rows from a dataset's files: values by line, whatever the container.

| module | |
|---|---|
| ``inventory`` | the files of a dataset, and which of them are data, media, archives |
| ``objects``, ``archives`` | where bytes come from: storage, or a member of an archive |
| ``sniff`` | which container a file is, by its content |
| ``text_encoding``, ``legacy_encodings`` | any encoding as UTF-8 |
| ``json_lines``, ``json_document``, ``json_stream``, ``csv``, ``parquet``, ``plain_text`` | one container each |
| ``columns`` | which column holds what |
| ``column_kinds`` | texts, or ids, numbers, dates, file names |
| ``choice_columns`` | which columns hold choices, and which the right one |
| ``media_columns`` | which columns name pictures, videos or sounds |
| ``literals``, ``options`` | lists, objects and choices that stand as text in a field |
| ``answer_files`` | questions in one file, answers in another |
"""

from tailor.datasets.sources.answer_files import LonelyAnswers, join
from tailor.datasets.sources.column_kinds import are_times, holds_texts, is_no_question, is_prose
from tailor.datasets.sources.columns import candidates, choose, is_likely, report, resolved
from tailor.datasets.sources.inventory import READ_ON_ERRORS, DataFile, Inventory, as_row, break_of
from tailor.datasets.sources.json_lines import BLANK, Item
from tailor.datasets.sources.json_stream import TRAILING_COMMA
from tailor.datasets.sources.legacy_encodings import is_syllable, tcvn3_text
from tailor.datasets.sources.literals import value_of
from tailor.datasets.sources.media_columns import by_content, files_in, several, sounds
from tailor.datasets.sources.names import plain_name
from tailor.datasets.sources.objects import (
    READ_ERRORS,
    DamagedFileError,
    MediaObject,
    MemberObject,
    StoredObject,
    reason,
)
from tailor.datasets.sources.options import EACH, LABELLED, LISTED, Option, Options, flagged, from_pairs, options_of
from tailor.datasets.sources.sniff import foreign
from tailor.datasets.sources.text_encoding import decoded_text

__all__ = [
    "BLANK",
    "EACH",
    "LABELLED",
    "LISTED",
    "READ_ERRORS",
    "READ_ON_ERRORS",
    "TRAILING_COMMA",
    "DamagedFileError",
    "DataFile",
    "Inventory",
    "Item",
    "LonelyAnswers",
    "MediaObject",
    "MemberObject",
    "Option",
    "Options",
    "StoredObject",
    "are_times",
    "as_row",
    "break_of",
    "by_content",
    "candidates",
    "choose",
    "decoded_text",
    "files_in",
    "flagged",
    "foreign",
    "from_pairs",
    "holds_texts",
    "is_likely",
    "is_no_question",
    "is_prose",
    "is_syllable",
    "join",
    "options_of",
    "plain_name",
    "reason",
    "report",
    "resolved",
    "several",
    "sounds",
    "tcvn3_text",
    "value_of",
]
