"""Whole files as documents: what is learnt of each kind, what is said of it, and what is refused by name."""

import io
import re
import zipfile
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailor import catalog
from tailor.datasets.documents import docx as word
from tailor.datasets.documents import packages
from tailor.datasets.documents.cutting import pieces
from tailor.datasets.documents.html import read as read_html
from tailor.datasets.documents.legacy_fonts import converted
from tailor.datasets.documents.markup import text_of
from tailor.datasets.documents.pages import join
from tailor.datasets.documents.text import parts
from tailor.datasets.example import Example, Rejected
from tailor.datasets.formats import DatasetReader
from tailor.datasets.prepare import prepare_dataset
from tailor.datasets.records import document_of
from tailor.datasets.sources import legacy_encodings
from tailor.recipe import Data, Recipe
from tailor.storage import FolderStorage
from tests.unit.datasets.documents.making import CONTAINER, LOCKED_PDF, W, docx, epub, p, pdf
from tests.unit.datasets.support import examples, open_dataset, put, rejections, texts, zipped

LAW = "Điều {n}. Doanh nghiệp phải nộp báo cáo tài chính cho cơ quan thuế trước ngày ba mươi mốt tháng ba hằng năm."
OTHERS: dict[str, bytes | str] = {f"other{n}.txt": f"Another text, number {n}." for n in range(3)}
CPT: Final = "continued-pre-training"


def opened(tmp_path: Path, files: dict[str, bytes | str]) -> DatasetReader:
    """A dataset with so many documents that each of them is whole."""
    return open_dataset(tmp_path, files | OTHERS, method=CPT)


def text_of_file(tmp_path: Path, name: str, content: bytes | str) -> str:
    found = [example for example in examples(opened(tmp_path, {name: content})) if example.file == name]
    assert {example.group for example in found} == {name}
    return "".join(document_of(example) for example in found)


def refusal(tmp_path: Path, name: str, content: bytes | str) -> tuple[str, str]:
    [row] = rejections(opened(tmp_path, {name: content}))
    assert row.file == name
    assert row.findings[0].fix
    return row.findings[0].code, row.findings[0].message


# ---------------------------------------------------------------------------- kinds


def test_a_file_is_a_document_whatever_paragraphs_it_has(tmp_path: Path) -> None:
    text = "Heading\n\nOne paragraph that is long enough.\n\nAnother one, which is as long as that.\n"
    reader = open_dataset(tmp_path, {f"{n}.txt": f"{text}{n}" for n in range(150)}, method=CPT)
    assert [(row.file, document_of(row)) for row in examples(reader)][:1] == [("0.txt", f"{text}0")]
    assert len(examples(reader)) == 150
    assert {found.message[:26] for found in reader.findings if found.code == "documents-read"} == {
        "150 files are documents (1"
    }


def test_markdown_loses_its_settings_and_nothing_else(tmp_path: Path) -> None:
    body = "# Guide\n\n- one\n- two\n\n---\n\nText with `code`.\n"
    assert text_of_file(tmp_path, "guide.md", f"---\ntitle: Guide\ntags: [a]\n---\n{body}") == body
    assert text_of_file(tmp_path / "2", "b.md", "---\nno settings\n\n# A\n") == "---\nno settings\n\n# A\n"


def test_html_is_its_text(tmp_path: Path) -> None:
    page = """<!doctype html><html><head><title>Luật</title><style>p {color: red}</style>
    <script>var a = "<p>";</script></head><body><nav><a href="/">Home</a></nav>
    <h2>Điều 1. <i>Phạm vi</i></h2><p>Một đoạn &amp; một
    dòng.<br>Dòng hai.</p><ol><li>đầu<li>sau</ol><table><tr><th>Thuế<td>10 %</tr><tr><td>Phí<td>5 %</table>
    <div hidden><p>secret</p></div><p style="display: none">secret</p><button>Gửi</button>cuối</body></html>"""
    assert text_of_file(tmp_path, "a.html", page).split("\n\n") == [
        "## Điều 1. Phạm vi",
        "Một đoạn & một dòng.\nDòng hai.",
        "1. đầu\n2. sau\nThuế | 10 %\nPhí | 5 %",
        "cuối",
    ]
    latin = '<meta charset="windows-1252"><title>T</title><p>Caf\xe9 cr\xe8me</p>'.encode("latin-1")
    assert read_html(latin).text == "# T\n\nCafé crème"


def test_word_is_headings_numbers_tables_and_notes(tmp_path: Path) -> None:
    styles = (
        f'<w:styles {W}><w:style w:styleId="H1"><w:name w:val="heading 1"/></w:style>'
        '<w:style w:styleId="Own"><w:basedOn w:val="H1"/></w:style></w:styles>'
    )
    numbering = (
        f'<w:numbering {W}><w:abstractNum w:abstractNumId="0">'
        '<w:lvl w:ilvl="0"><w:start w:val="4"/><w:numFmt w:val="decimal"/><w:lvlText w:val="Điều %1."/></w:lvl>'
        '<w:lvl w:ilvl="1"><w:numFmt w:val="lowerLetter"/><w:lvlText w:val="%2)"/></w:lvl></w:abstractNum>'
        '<w:num w:numId="7"><w:abstractNumId w:val="0"/></w:num></w:numbering>'
    )
    notes = (
        f'<w:footnotes {W}><w:footnote w:id="0" w:type="separator">{p("")}</w:footnote>'
        f'<w:footnote w:id="1">{p("Nguồn.")}</w:footnote></w:footnotes>'
    )

    def item(text: str, level: int) -> str:
        return p(text, more=f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="7"/></w:numPr>')

    cell = "<w:tc>{}</w:tc>".format
    body = (
        p("Chương I", "Own")
        + item("Phạm vi", 0) + item("một", 1) + item("hai", 1) + item("Đối tượng", 0) + item("ba", 1)
        + f'<w:tbl><w:tr>{cell(p("Thuế"))}{cell(p("10") + p("%"))}</w:tr></w:tbl>'
        + "<w:p><w:del><w:r><w:delText>cũ</w:delText></w:r></w:del><w:ins><w:r><w:t>mới</w:t></w:r></w:ins>"
        '<w:r><w:tab/><w:t>cột</w:t></w:r><w:r><w:rPr><w:vanish/></w:rPr><w:t>ẩn</w:t></w:r>'
        '<w:r><w:footnoteReference w:id="1"/></w:r></w:p>'
    )  # fmt: skip
    content = docx(body, styles=styles, numbering=numbering, footnotes=notes, header1=p("Đầu trang"))
    assert text_of_file(tmp_path, "a.docx", content).split("\n\n") == [
        "# Chương I", "Điều 4. Phạm vi", "a) một", "b) hai", "Điều 5. Đối tượng", "a) ba", "Thuế | 10 %",
        "mới cột[1]", "[1] Nguồn.",
    ]  # fmt: skip


def test_the_text_of_a_box_is_there_once(tmp_path: Path) -> None:
    box = f"<w:txbxContent>{p('inside')}</w:txbxContent>"
    body = (
        f"<w:p><w:r><w:t>before </w:t></w:r><w:r><AlternateContent><Choice>{box}</Choice><Fallback>{box}</Fallback>"
        "</AlternateContent></w:r><w:r><w:t>after</w:t></w:r></w:p>"
    )
    assert word.read(docx(body)).text == "inside\n\nbefore after"


def test_an_e_book_is_its_chapters_in_reading_order(tmp_path: Path) -> None:
    assert text_of_file(tmp_path, "a.epub", epub("<h1>One</h1><p>first", "<p>second</p>")) == "# One\n\nfirst\n\nsecond"


def test_a_pdf_is_its_text_without_what_pages_repeat(tmp_path: Path) -> None:
    head, end = "Company Handbook", "body can say later that the rules were not known."
    start = "Every employee reads this handbook before the first day of work and signs it, so"
    rule = "Rule number {} is long enough to fill the whole width of a usual line of a page, and"
    points = ["it goes on here.", "1. First point", "2. Second point"]
    pages = [[head, start, "that no-", end]]
    pages += [[head, rule.format(n * n), *points, f"Page {n} of 9"] for n in range(2, 10)]
    name = "a.pdf"
    reader = opened(tmp_path, {name: pdf(*pages)})
    [example] = [row for row in examples(reader) if row.file == name]
    text = document_of(example)
    assert text.count("Company Handbook") == 1
    assert "Page 3" not in text
    assert "signs it, so that nobody can say later" in text
    assert "a page, and it goes on here.\n\n1. First point\n\n2. Second point\n\nRule number 9" in text
    assert [found.message for found in reader.findings if found.code == "repeated-lines-removed"] == [
        "16 headers, footers and page numbers are removed, such as 'Company Handbook'"
    ]


def test_words_that_lines_divide_are_whole_again() -> None:
    pages = [
        "The well-known contract is a con-\ntract that well-\nknown people sign for the whole\ufffe\nsale.",
        "an-",
        "other page",
    ]
    assert join(pages).text == (
        "The well-known contract is a contract that well-known people sign for the wholesale.\n\nanother page"
    )


def test_pages_that_are_pictures_are_named(tmp_path: Path) -> None:
    name, text = "a.pdf", ["Some text that is long enough to be a page of text."]
    reader = opened(tmp_path, {name: pdf(text, None, None, text, None)})
    assert len(examples(reader)) == 4
    [found] = [found for found in reader.findings if found.code == "pages-without-text"]
    assert (found.file, found.severity) == (name, "warning")
    assert "pages 2-3, 5 are scanned pictures" in found.message
    assert refusal(tmp_path / "2", name, pdf(None, None))[0] == "pages-without-text"


def test_documents_in_an_archive_are_documents(tmp_path: Path) -> None:
    reader = open_dataset(
        tmp_path,
        {"all.zip": zipped({"a.pdf": pdf(["Some text."]), "b/c.docx": docx(p("More")), "d.md": "And"})},
        method=CPT,
    )
    assert [(row.file, row.document) for row in examples(reader)] == [
        ("all.zip/a.pdf", "Some text."), ("all.zip/b/c.docx", "More"), ("all.zip/d.md", "And"),
    ]  # fmt: skip


# ---------------------------------------------------------------------------- old fonts

UNICODE = "Cộng hòa xã hội chủ nghĩa Việt Nam: độc lập, tự do, hạnh phúc. Người đại diện theo pháp luật ký tên dưới đây"
VNI = (
    "Coäng hoøa xaõ hoäi chuû nghóa Vieät Nam: ñoäc laäp, töï do, haïnh phuùc. "
    "Ngöôøi ñaïi dieän theo phaùp luaät kyù teân döôùi ñaây"
)
TCVN3 = "".join(
    bytes([legacy_encodings._TABLES["tcvn3"].index(letter)]).decode("cp1252", "replace") for letter in UNICODE
)


@pytest.mark.parametrize(("old", "font"), [(TCVN3, ".VnTime"), (VNI, "VNI-Times")], ids=["TCVN3", "VNI"])
def test_vietnamese_in_old_fonts_becomes_unicode(tmp_path: Path, old: str, font: str) -> None:
    fonts = f'<w:rFonts w:ascii="{font}" w:hAnsi="{font}"/>'
    files: dict[str, bytes | str] = {
        "font.docx": docx(p(old, run=fonts) + p("Điều 1", run='<w:rFonts w:ascii="Arial"/>')),
        "font.pdf": pdf([old], font=font),
        "font.html": f'<p style="font-family: {font}">{old}</p>',
        "text.html": f"<p>{old}</p>",
        "text.md": old,
    }
    reader = opened(tmp_path, files)
    found = {row.file: document_of(row) for row in examples(reader) if row.file in files}
    assert found.pop("font.docx") == f"{UNICODE}\n\nĐiều 1"
    assert found == dict.fromkeys(found, UNICODE)
    assert {each.file for each in reader.findings if each.code == "legacy-font"} == set(files)


def test_capitals_of_old_fonts() -> None:
    assert converted("céng hßa", "TCVN3", capitals=True) == "CỘNG HÒA"
    assert converted("COÄNG HOØA, ÑOÄC LAÄP, Ñaây Ôû", "VNI-Windows") == "CỘNG HÒA, ĐỘC LẬP, Đây Ở"


@pytest.mark.parametrize(
    "text",
    [
        UNICODE,
        "Où est l’été à Noël près du café où naît la forêt déjà fanée, très loin, à côté de la fenêtre fermée",
        "Schöne Grüße für die Mädchen, die früh über die Brücke müssen, während Bäume blühen und Vögel fröhlich sind",
        "El niño pequeño soñó con una montaña, mañana habrá más señales, según el dueño de la cabaña española",
    ],
)
def test_other_languages_are_left_as_they_are(tmp_path: Path, text: str) -> None:
    assert text_of_file(tmp_path, "a.md", text) == text


def test_fonts_that_are_not_known_and_half_old_texts_are_refused(tmp_path: Path) -> None:
    unknown = docx(p("Tieáng Vieät", run='<w:rFonts w:ascii="VPS Times"/>'))
    assert refusal(tmp_path, "a.docx", unknown) == (
        "legacy-font",
        "the text is written for the old font 'VPS Times', whose encoding is unknown",
    )
    half = f"{VNI} {'Übergröße müßig Straßenbäume '.lower() * 5}"
    assert refusal(tmp_path / "2", "a.md", half)[0] == "legacy-font"


# ---------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("name", "content", "code", "says"),
    [
        ("a.pdf", LOCKED_PDF, "document-encrypted", "password"),
        ("a.pdf", b"%PDF-1.4 nothing", "document-damaged", "damaged"),
        ("a.pdf", b"<!DOCTYPE html><p>Not found", "document-other-kind", "a web page (HTML)"),
        ("a.pdf", pdf([]), "document-empty", "no text"),
        ("a.docx", docx(""), "document-empty", "no text"),
        ("a.docx", docx(p("x"))[:-30], "document-damaged", "zip"),
        ("a.docx", zipped({"a.txt": "x"}), "document-damaged", "not a Word document"),
        ("a.docx", docx("<w:p>"), "document-damaged", "mismatched tag"),
        ("a.docx", b"\xd0\xcf\x11\xe0" + bytes(600), "document-other-kind", "an old Office document"),
        ("a.docx", b"\xd0\xcf\x11\xe0" + "EncryptedPackage".encode("utf-16-le"), "document-encrypted", "password"),
        ("a.docx", b"{\\rtf1\\ansi text}", "document-other-kind", "(RTF)"),
        ("a.epub", zipped({"mimetype": "x"}), "document-damaged", "no e-book"),
        ("a.epub", epub("<p>x", encryption='<encryption><EncryptionMethod Algorithm="urn:x"/></encryption>'),
         "document-encrypted", "DRM"),
        ("a.epub", zipped({"META-INF/container.xml": CONTAINER, "OPS/book.opf": "<package>"}),
         "document-damaged", "no element"),
        ("a.html", "<script>only();</script>", "document-empty", "no text"),
        ("a.html", bytes(range(1, 9)) * 50, "document-damaged", "no text in an encoding"),
        ("a.md", "---\na: b\n---\n", "document-empty", "no text"),
        ("a.txt", " \n", "document-empty", "no text"),
    ],
)  # fmt: skip
def test_what_can_not_be_read_is_refused_by_name(
    tmp_path: Path, name: str, content: bytes | str, code: str, says: str
) -> None:
    found, message = refusal(tmp_path, name, content)
    assert (found, says in message) == (code, True), message


def test_a_bomb_is_refused_before_memory_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "MAX_UNPACKED", 1 << 20)
    assert refusal(tmp_path, "a.docx", docx(p("a" * (2 << 20))))[0] == "document-too-large"
    assert refusal(tmp_path / "2", "a.docx", docx("<w:r>" * 1000 + "</w:r>" * 1000))[0] == "document-damaged"
    entities = '<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa">' + "".join(
        f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9)
    )
    laughs = zipped({"word/document.xml": f"{entities}]><d><p><t>&j;</t></p></d>"})
    assert refusal(tmp_path / "3", "a.docx", laughs)[0] == "document-damaged"


@pytest.mark.parametrize("name", ["a.doc", "a.rtf", "a.hwp", "a.odt"])
def test_other_kinds_are_named_with_the_fix(tmp_path: Path, name: str) -> None:
    reader = opened(tmp_path, {name: b"\xd0\xcf\x11\xe0"})
    [found] = [found for found in reader.findings if found.code == "file-not-used"]
    assert (found.file, found.severity) == (name, "warning")
    assert "save it as .docx" in found.fix


def test_a_member_that_is_encrypted_is_refused() -> None:
    content = bytearray(docx(p("x")))
    for sign in (b"PK\3\4", b"PK\1\2"):
        content[content.index(sign) + (6 if sign == b"PK\3\4" else 8)] |= 1
    assert zipfile.ZipFile(io.BytesIO(content)).infolist()[0].flag_bits & 1
    with pytest.raises(Exception, match="protected by a password"):
        word.read(bytes(content))


# ---------------------------------------------------------------------------- what is taken


def test_other_methods_say_that_documents_are_not_theirs(tmp_path: Path) -> None:
    files: dict[str, bytes | str] = {"a.docx": docx(p("Text")), "b.html": "<p>Text", "c.pdf": pdf(["Text"])}
    told = {found.code: found for found in open_dataset(tmp_path, files).findings}
    assert {"no-data", "documents-unused"} <= told.keys()
    assert told["documents-unused"].severity == "warning"
    assert "3 documents (a.docx, b.html, c.pdf)" in told["documents-unused"].message
    reader = open_dataset(tmp_path, {"d.csv": "question,answer\nq,a\nq2,a2\n"})
    [found] = [found for found in reader.findings if found.code == "documents-unused"]
    assert (found.severity, "2 documents (a.docx, b.html)" in found.message) == ("info", True)
    assert [item.name for item in reader.media] == ["c.pdf"]


@pytest.mark.parametrize("column", ["document", "context", "Tài liệu"])
def test_questions_about_documents_get_their_texts(tmp_path: Path, column: str) -> None:
    rows = [("luat.docx", "Điều mấy?"), ("Sub/NOTES.md", "Gì nữa?"), ("locked.pdf", "Khoá?"), ("no such.pdf", "Đâu?")]
    table = "".join(f"{name},{question},đáp\n" for name, question in rows)
    files: dict[str, bytes | str] = {"qa.csv": f"{column},question,answer\n{table}", "luat.docx": docx(p("Điều 1"))}
    files |= {"sub/notes.md": "# Ghi chú\n", "locked.pdf": LOCKED_PDF, "other.html": "<p>Unused"}
    reader = open_dataset(tmp_path, files)
    found = list(reader)
    assert [texts(row)[0] for row in found if isinstance(row, Example)][:2] == [
        "Điều 1\n\nĐiều mấy?",
        "# Ghi chú\n\nGì nữa?",
    ]
    assert [row.findings[0].code for row in found if isinstance(row, Rejected)] == ["document-encrypted"]
    assert set(reader.passages) == {"luat.docx", "sub/notes.md", "locked.pdf"}
    told = {each.code: each.message for each in reader.findings}
    assert "1 documents (other.html)" in told["documents-unused"]
    assert repr(column) in told["passages-read"]


def test_documents_and_rows_are_both_learnt(tmp_path: Path) -> None:
    reader = open_dataset(
        tmp_path, {"a.docx": docx(p("Text")), "b.jsonl": '{"text": "row"}\n', "c.txt": "one"}, method=CPT
    )
    assert sorted((row.file, row.document) for row in examples(reader)) == [
        ("a.docx", "Text"), ("b.jsonl", "row"), ("c.txt", "one"),
    ]  # fmt: skip


@pytest.mark.parametrize(("setting", "groups"), [("auto", 12), ("whole", 1)])
def test_a_document_alone_is_divided_unless_it_shall_be_whole(tmp_path: Path, setting: str, groups: int) -> None:
    text = "\n\n".join(f"# Chapter {n}\n\n" + "A sentence of it. " * 100 for n in range(12))
    data = Data.model_validate({"documents": setting})
    reader = open_dataset(tmp_path, {"book.md": text}, method=CPT, data=data)
    rows = examples(reader)
    assert "".join(map(document_of, rows)) == text
    assert len({row.group for row in rows}) == groups
    assert groups == 1 or all(document_of(row).startswith("# Chapter") for row in rows)


def test_no_document_lies_in_two_parts(tmp_path: Path) -> None:
    """From files to the prepared data: all kinds, each longer than one record."""
    files: dict[str, bytes | str] = {}
    for n in range(8):
        said = [f"Document {n}0. {LAW.format(n=m)}" for m in range(1, 60)]
        plain = f"Document {n}1. Every company of number {n} files its report before the end of the third month."
        files[f"{n}0.docx"] = docx("".join(map(p, said)))
        files[f"{n}1.pdf"] = pdf(*([f"{plain} See {m * m} and {m * n}."] * 6 for m in range(59)))
        files[f"{n}2.html"] = "".join(f"<h2>Part {m}</h2><p>Document {n}2. {LAW.format(n=m)}" for m in range(59))
        files[f"{n}3.txt"] = "\n\n".join(f"Document {n}3. {LAW.format(n=m)}" for m in range(59))
    put(tmp_path, files)
    recipe = Recipe(method=CPT, model="titan-text-lite")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    report = prepare_dataset(
        FolderStorage(tmp_path), "uploads/team/set/", FolderStorage(tmp_path / "out"), "r/", recipe,
        catalog.model(recipe.model), bucket_owner=None, scratch=scratch,
    )  # fmt: skip
    rows = {row["code"] for row in report.by_code}
    assert not rows & {"too-many-tokens", "perhaps-too-many-tokens", "document-damaged"}, rows
    assert report.counts["used"] > 64
    seen = [
        set(re.findall(r"Document (\d+)", (tmp_path / f"out/r/prepared/{part}.jsonl").read_text("utf-8")))
        for part in ("train", "validation", "test")
    ]
    assert all(seen)
    assert len(set.union(*seen)) == sum(map(len, seen)) == 32


# ---------------------------------------------------------------------------- properties


@settings(max_examples=60, deadline=None)
@given(st.text(st.sampled_from("aắ b.\n\r\t#-"), max_size=300), st.integers(20, 60))
def test_a_text_in_parts_is_the_text(text: str, most: int) -> None:
    found = list(parts(io.BytesIO(text.encode()), most))
    assert "".join(part for _, part in found) == text.replace("\r\n", "\n").replace("\r", "\n")
    assert all(len(part) <= most for _, part in found)
    assert [line for line, _ in found] == sorted(line for line, _ in found)


def test_texts_that_look_for_their_end_again_and_again_end() -> None:
    """Each took minutes or hours once."""
    assert len(text_of("<a " * 50_000)) == 149_999
    assert len(text_of('<a b="' * 50_000 + "x")) == 300_001
    assert join(["a" * 500_000, " ." * 100_000]).text.startswith("aaa")
    for text in ("\n" * 500_000, "a" * 500_000, " " * 500_000, "# " * 200_000):
        assert sum(map(len, pieces(text, 8000))) == len(text)


WORDS = st.text(st.sampled_from("abcđế"), min_size=1, max_size=6)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["p", "h1", "li", "td", "div", "b", "span"]), WORDS), max_size=20), st.booleans()
)
def test_no_word_of_html_is_lost(items: list[tuple[str, str]], closed: bool) -> None:
    page = "".join(f"<{tag}> {word} </{tag}>" if closed else f"<{tag}> {word} " for tag, word in items)
    found = text_of(page).replace("|", " ").replace("#", " ").replace("-", " ").split()
    assert found == [word for _, word in items]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.lists(WORDS, min_size=1, max_size=9).map(" ".join), max_size=6), max_size=6))
def test_no_word_of_pages_is_lost(pages: list[list[str]]) -> None:
    """But for what pages repeat, which is counted."""
    joined = join("\n".join(page) for page in pages)
    words = [word for page in pages for line in page for word in line.split()]
    removed = sum(len(line.split()) * count for line, count in joined.removed.items())
    assert len(joined.text.split()) + removed == len(words) or removed
    if not removed:
        assert joined.text.split() == words
    assert len(joined.starts) == len(pages)


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=200), st.sampled_from(["a.pdf", "a.docx", "a.epub", "a.html", "a.md"]))
def test_no_file_stops_the_others(tmp_path_factory: pytest.TempPathFactory, content: bytes, name: str) -> None:
    heads = {"a.pdf": b"%PDF-1.7\n", "a.docx": docx(p("x"))[:90], "a.epub": epub("x")[:90]}
    reader = opened(tmp_path_factory.mktemp("any"), {name: heads.get(name, b"") + content})
    rows = list(reader)
    assert len([row for row in rows if row.file in OTHERS]) == 3
    assert all(row.findings for row in rows if isinstance(row, Rejected))
