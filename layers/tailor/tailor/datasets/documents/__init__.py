"""Extract the text of whole files (text, Markdown, HTML, PDF, Word, e-books) and cut it to the model's limits.

| module | |
|---|---|
| ``collection`` | the documents of a dataset |
| ``reading`` | a document as a data file, which gives its text in parts |
| ``passages`` | rows that name documents get their texts |
| ``text``, ``html``, ``pdf``, ``docx``, ``epub`` | one kind each; ``numbering``: Word's numbered lists |
| ``markup`` | the text of HTML, also in e-books |
| ``packages`` | zip files that are documents, within limits |
| ``pages`` | what pages repeat is removed, lines and divided words are put together |
| ``legacy_fonts`` | Vietnamese from before Unicode |
| ``tidying`` | characters, white space, headings |
| ``cutting`` | long texts in pieces, at headings and paragraphs |
"""

from tailor.datasets.documents.collection import documents_of
from tailor.datasets.documents.cutting import fitting
from tailor.datasets.documents.passages import passages_of, tell_unused
from tailor.datasets.documents.reading import DocumentFile

__all__ = ["DocumentFile", "documents_of", "fitting", "passages_of", "tell_unused"]
