"""Compose report.json and report.html.

| module | |
|---|---|
| ``document`` | the report and its headline |
| ``grouping`` | findings grouped for people: one example of each |
| ``previews`` | small pictures for the rows that are shown |
| ``html`` | the page |
| ``translated`` | the pages in the languages of their readers |
"""

from tailor.datasets.report.document import Report, headline, sentence
from tailor.datasets.report.grouping import examples_of, fixes_of
from tailor.datasets.report.previews import add_pictures, thumbnail
from tailor.datasets.report.translated import in_vietnamese, pages

__all__ = [
    "Report",
    "add_pictures",
    "examples_of",
    "fixes_of",
    "headline",
    "in_vietnamese",
    "pages",
    "sentence",
    "thumbnail",
]
