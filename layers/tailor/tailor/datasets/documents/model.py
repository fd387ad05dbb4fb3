"""Text that was extracted from a document, with findings about it."""

import msgspec

from tailor.findings import Finding


class Extracted(msgspec.Struct):
    """Text of a document: paragraphs separated by blank lines, headings marked as in Markdown.

    ``notes`` are told of the document. ``pages``: where in the text each page begins, for kinds that have pages.
    """

    text: str
    notes: list[Finding] = msgspec.field(default_factory=list)
    pages: list[int] = msgspec.field(default_factory=list)


class RefusedDocumentError(Exception):
    """Raised for a document that can't be used. ``finding`` says why, and what helps."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding
