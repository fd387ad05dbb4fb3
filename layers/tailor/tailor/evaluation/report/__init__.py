"""Render report.json (``document``) and report.html (``html``, with charts, thumbnails, a section by method)."""

from tailor.evaluation.report.document import Findings, document, headline
from tailor.evaluation.report.html import render
from tailor.evaluation.report.thumbnails import thumbnails

__all__ = ["Findings", "document", "headline", "render", "thumbnails"]
