"""A document's text as it was taken out of its file, with what is to be said about it."""

import msgspec

from tailor.findings import Finding


class Extracted(msgspec.Struct):
    """Text of a document: paragraphs parted by blank lines, headings marked as Markdown marks them.

    ``notes`` are told of the document. ``pages``: where in the text each page begins, for kinds that have pages.
    """

    text: str
    notes: list[Finding] = msgspec.field(default_factory=list)
    pages: list[int] = msgspec.field(default_factory=list)


class RefusedDocumentError(Exception):
    """A document can't be learnt from. ``finding`` says why, and what helps."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding
