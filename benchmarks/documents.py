"""Measure time and memory of extracting the text of documents: ``python -m benchmarks.documents FOLDER``.

Each kind of document is read by a process of its own, in which nothing else happens. Without a folder of one's own
documents, some are made: Word files with headings, numbered paragraphs and a table, e-books, web pages.
"""

import argparse
import io
import multiprocessing
import random
import resource
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tailor.datasets.documents import DocumentFile
from tailor.datasets.documents.model import RefusedDocumentError
from tailor.datasets.documents.reading import kind_of_document
from tailor.datasets.sources import StoredObject
from tailor.file_kinds import DOCUMENTS, suffix_of
from tailor.storage import FolderStorage

FILES, PARAGRAPHS = 30, 3000
_WORDS = ["doanh", "nghiệp", "phải", "nộp", "báo", "cáo", "tài", "chính", "cho", "cơ", "quan", "thuế", "trước", "ngày"]
_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def make(folder: Path) -> None:
    """Write documents of about a hundred pages each."""
    choose = random.Random(7)
    for number in range(FILES):
        texts = [" ".join(choose.choices(_WORDS, k=choose.randint(5, 90))) for _ in range(PARAGRAPHS)]
        body = "".join(f"<w:p><w:r><w:rPr><w:b/></w:rPr><w:t>{text}</w:t></w:r></w:p>" for text in texts)
        page = f"<html><body>{''.join(f'<p>{text}</p>' for text in texts)}</body></html>"
        (folder / f"{number}.html").write_text(page, "utf-8")
        (folder / f"{number}.docx").write_bytes(
            _zipped({"word/document.xml": f'<w:document xmlns:w="{_W}"><w:body>{body}</w:body></w:document>'})
        )
        (folder / f"{number}.epub").write_bytes(
            _zipped(
                {
                    "META-INF/container.xml": '<container><rootfile full-path="b.opf"/></container>',
                    "b.opf": '<package><item id="a" href="a.html"/><itemref idref="a"/></package>',
                    "a.html": page,
                }
            )
        )


def _zipped(files: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def measure(folder: Path, kind: str) -> str:
    """Read all documents of a kind; return the figures as a line."""
    storage, tally = FolderStorage(folder), Counter[str]()
    start = time.process_time()
    for file in _files(storage, kind):
        tally["files"] += 1
        tally["bytes"] += file.size
        tally["largest"] = max(tally["largest"], file.size)
        try:
            found = file.extracted()
        except RefusedDocumentError:
            tally["refused"] += 1
        else:
            tally["characters"] += len(found.text)
            tally["pages"] += len(found.pages)
    seconds = max(time.process_time() - start, 1e-9)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return (
        f"{kind}: {tally['files']} files ({tally['refused']} refused), {tally['bytes'] / 1e6:.1f} MB, largest "
        f"{tally['largest'] / 1e6:.1f} MB, {tally['pages']:,} pages: {tally['bytes'] / 1e6 / seconds:.1f} MB/s, "
        f"{tally['characters'] / 1e6 / seconds:.1f} million characters/s, {tally['pages'] / seconds:,.0f} pages/s, "
        f"{peak / 1024:.0f} MiB of memory at most (with Python's own)"
    )


def _files(storage: FolderStorage, kind: str) -> Iterator[DocumentFile]:
    for found in storage.list(""):
        if suffix_of(found.key) in DOCUMENTS and kind_of_document(found.key) == kind:
            yield DocumentFile(StoredObject(storage, found.key, found.key, found.size), "document", kind=kind)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", help="folder with documents; without it, some are made")
    folder = parser.parse_args().folder
    with tempfile.TemporaryDirectory() as made:
        if folder is None:
            folder = Path(made)
            make(folder)
        present = {kind_of_document(file.key) for file in FolderStorage(folder).list("")}
        for kind in sorted(present & {"PDF", "Word", "EPUB", "HTML"}):
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                print(pool.apply(measure, (folder, kind)))


if __name__ == "__main__":
    main()
