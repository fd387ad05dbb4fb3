"""Read text without question or answer, for continued pre-training: ``{"text": …}``, ``{"input": …}``, plain text
files."""

from typing import Final

from tailor.datasets.example import Example
from tailor.datasets.formats.base import Context, Converter, Format, Row, Sample
from tailor.datasets.formats.chat import describe
from tailor.findings import RowError, finding

_KEYS: Final = ("text", "input", "document", "content")
_ANSWERS: Final = ("answer", "answers", "output", "response", "completion", "messages", "conversations", "label")


def _fits(sample: Sample) -> bool:
    if not any(sample.all_have(key) for key in _KEYS):
        return False
    if sample.method == "continued-pre-training" and sample.all_have("text"):
        return True
    return not any(sample.all_have(key) for key in _ANSWERS)


def _converter(context: Context) -> Converter:
    def convert(row: Row, line: int) -> Example:
        key = next((key for key in _KEYS if key in row), _KEYS[0])
        text = row.get(key)
        if context.method != "continued-pre-training":
            raise RowError(finding("method-mismatch", path=key, method=context.method))
        if not isinstance(text, str) or not text.strip():
            code = "text-missing/empty" if isinstance(text, str) else "text-missing"
            raise RowError(finding(code, path=key, kind=describe(text)))
        example = Example(context.file, line, document=text)
        if row.get("id") is not None:
            example.id = str(row["id"])
        return example

    return convert


FORMAT = Format("plain-text", "plain text", _fits, _converter, keys=(_KEYS, "id"))
