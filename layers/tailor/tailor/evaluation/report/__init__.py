"""Render report.json (``document``) and report.html (``html``, with charts, thumbnails, a section by method)."""

from tailor.evaluation.report.document import Findings, document, headline
from tailor.evaluation.report.html import render
from tailor.evaluation.report.thumbnails import thumbnails
from tailor.evaluation.report.translated import in_vietnamese

__all__ = ["Findings", "document", "headline", "in_vietnamese", "render", "thumbnails"]
