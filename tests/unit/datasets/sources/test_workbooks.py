"""Workbooks of Excel and LibreOffice: cells, merged cells, sheets and pictures; files that only look so."""

import base64
import zipfile
import zlib
from io import BytesIO
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from tailor.datasets.example import Example, Media
from tailor.datasets.sources import text_encoding
from tests.unit.datasets.support import PIXEL, codes, examples, open_dataset, rejections, texts, zipped

_MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_LINKS = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
_PACKAGE = 'xmlns="http://schemas.openxmlformats.org/package/2006/relationships"'
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
HEADER = ["Ảnh", "Câu hỏi", "Trả lời"]


def cell(place: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, int | float):
        return f'<c r="{place}"><v>{value}</v></c>'
    if str(value).startswith("="):
        return f'<c r="{place}"><f>{escape(str(value)[1:])}</f></c>'
    return f'<c r="{place}" t="inlineStr"><is><t>{escape(str(value))}</t></is></c>'


def sheet(rows: list[list[object]], merged: str = "", drawing: bool = False) -> str:
    lines = [
        f'<row r="{at}">{"".join(cell(f"{chr(65 + column)}{at}", value) for column, value in enumerate(row))}</row>'
        for at, row in enumerate(rows, start=1)
    ]
    more = f'<mergeCells><mergeCell ref="{merged}"/></mergeCells>' if merged else ""
    more += '<drawing r:id="d1"/>' if drawing else ""
    return f"<worksheet {_MAIN} {_LINKS}><sheetData>{''.join(lines)}</sheetData>{more}</worksheet>"


def workbook(sheets: dict[str, str], more: dict[str, bytes | str] | None = None) -> bytes:
    listed = "".join(f'<sheet name="{name}" sheetId="{at}" r:id="s{at}"/>' for at, name in enumerate(sheets, start=1))
    linked = "".join(
        f'<Relationship Id="s{at}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{at}.xml"/>'
        for at in range(1, len(sheets) + 1)
    )
    parts = {f"xl/worksheets/sheet{at}.xml": text for at, text in enumerate(sheets.values(), start=1)}
    return zipped(
        {
            "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
            "_rels/.rels": f'<Relationships {_PACKAGE}><Relationship Id="w" Type="{_OFFICE}/officeDocument" '
            'Target="xl/workbook.xml"/></Relationships>',
            "xl/workbook.xml": f"<workbook {_MAIN} {_LINKS}><sheets>{listed}</sheets></workbook>",
            "xl/_rels/workbook.xml.rels": f"<Relationships {_PACKAGE}>{linked}</Relationships>",
            **parts,
            **(more or {}),
        }
    )


def with_picture(row: int) -> dict[str, bytes | str]:
    drawing = (
        '<d:wsDr xmlns:d="http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing" '
        f'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" {_LINKS}><d:oneCellAnchor><d:from>'
        f"<d:col>0</d:col><d:colOff>0</d:colOff><d:row>{row}</d:row><d:rowOff>0</d:rowOff></d:from>"
        '<d:pic><d:blipFill><a:blip r:embed="p1"/></d:blipFill></d:pic></d:oneCellAnchor></d:wsDr>'
    )
    link = f'<Relationship Id="d1" Type="{_OFFICE}/drawing" Target="../drawings/drawing1.xml"/>'
    picture = f'<Relationship Id="p1" Type="{_OFFICE}/image" Target="/xl/media/image1.png"/>'
    return {
        "xl/worksheets/_rels/sheet1.xml.rels": f"<Relationships {_PACKAGE}>{link}</Relationships>",
        "xl/drawings/drawing1.xml": drawing,
        "xl/drawings/_rels/drawing1.xml.rels": f"<Relationships {_PACKAGE}>{picture}</Relationships>",
        "xl/media/image1.png": PIXEL,
        "xl/media/image2.png": PIXEL,
    }


def test_cells_titles_numbers_and_merged_cells(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["Bảng câu hỏi", None, None],
        list(HEADER),
        ["a.png", "Một?", 1],
        [None, "Hai?", 2.5],
        [None, None, None],
        ["b.png", "Ba?", "ba"],
    ]
    book = workbook({"Dữ liệu": sheet(rows, merged="A3:A4")})
    reader = open_dataset(tmp_path, {"d.xlsx": book, "a.png": PIXEL, "b.png": PIXEL})

    found = examples(reader)

    assert [texts(row) for row in found] == [["<a.png> Một?", "1"], ["<a.png> Hai?", "2.5"], ["<b.png> Ba?", "ba"]]
    assert [row.line for row in found] == [3, 4, 6]
    assert [(row.file, row.file) for row in found] == [("d.xlsx", "d.xlsx")] * 3


def test_pictures_on_cells_are_the_rows_pictures(tmp_path: Path) -> None:
    rows: list[list[object]] = [list(HEADER), [None, "Gì đây?", "điểm"]]
    book = workbook({"S": sheet(rows, drawing=True)}, with_picture(1))
    reader = open_dataset(tmp_path, {"bộ.xlsx": book})

    (example,) = examples(reader)

    medium = example.turns[0].blocks[0]
    assert isinstance(medium, Media)
    found = reader.media.resolve(medium.ref or "")
    assert found is not None
    assert found.read() == PIXEL
    assert "pictures-loose" in codes(reader)


def test_sheets_with_the_same_columns_are_read_and_others_named(tmp_path: Path) -> None:
    one, two = ([HEADER[1:], [f"Hỏi {name}?", name]] for name in ("a", "b"))
    other: list[list[object]] = [["ghi chú", "ngày"], ["x", "y"]]
    book = workbook({"Ghi chú": sheet(other), "A": sheet(list(map(list, one))), "B": sheet(list(map(list, two)))})
    reader = open_dataset(tmp_path, {"d.xlsx": book})

    assert [(row.file, texts(row)[1]) for row in examples(reader)] == [("d.xlsx/A", "a"), ("d.xlsx/B", "b")]
    (aside,) = [found for found in reader.findings if found.code == "sheets-aside"]
    assert "'Ghi chú'" in aside.message


def test_formulas_without_values_are_told(tmp_path: Path) -> None:
    book = workbook({"S": sheet([["question", "answer"], ["1+1?", "=1+1"], ["2?", "2"]])})
    reader = open_dataset(tmp_path, {"d.xlsx": book})
    assert [row.findings[0].code for row in rejections(reader)] == ["answer-missing"]
    assert "formulas-unknown" in codes(reader)


def ods(rows: str) -> bytes:
    space = "urn:oasis:names:tc:opendocument:xmlns:"
    content = (
        f'<office:document-content xmlns:office="{space}office:1.0" xmlns:table="{space}table:1.0" '
        f'xmlns:text="{space}text:1.0"><office:body><office:spreadsheet><table:table table:name="S">{rows}'
        "</table:table></office:spreadsheet></office:body></office:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = (
        f'<m:manifest xmlns:m="{space}manifest:1.0"><m:file-entry m:full-path="/" m:media-type="{kind}"/></m:manifest>'
    )
    return zipped({"mimetype": kind, "META-INF/manifest.xml": manifest, "content.xml": content})


def ods_row(*values: str, times: int = 1, wide: int = 1) -> str:
    cells = "".join(
        f'<table:table-cell office:value-type="string" table:number-columns-repeated="{wide}"><text:p>{value}</text:p>'
        "</table:table-cell>"
        for value in values
    )
    return f'<table:table-row table:number-rows-repeated="{times}">{cells}</table:table-row>'


def test_libreoffice(tmp_path: Path) -> None:
    book = ods(ods_row("question", "answer") + ods_row("Hỏi?", "đáp"))
    (example,) = examples(open_dataset(tmp_path, {"d.ods": book}))
    assert texts(example) == ["Hỏi?", "đáp"]


@pytest.mark.parametrize(
    "book",
    [
        ods(ods_row("question", "answer") + ods_row("x", times=1_000_000, wide=16_000)),
        workbook({"S": sheet([["a"]]).replace("</sheetData>", '<row><c r="XFD1048576"><v>1</v></c></row></sheetData>')}),  # noqa: E501
        workbook({"S": "<worksheet"}),
        workbook({"S": sheet([["a"]])})[:-60],
        b"PK\3\4",
    ],
    ids=["repeated cells", "a cell far out", "broken XML", "cut off", "nothing"],
)  # fmt: skip
def test_a_workbook_that_asks_for_too_much_or_is_broken_is_named(tmp_path: Path, book: bytes) -> None:
    reader = open_dataset(tmp_path, {"d.ods" if b"opendocument" in book else "d.xlsx": book})
    assert not list(reader)
    assert "file-damaged" in codes(reader)


def test_a_table_with_the_name_of_a_workbook_is_a_table(tmp_path: Path) -> None:
    (example,) = examples(open_dataset(tmp_path, {"d.xlsx": "question,answer\nHỏi?,đáp\n"}))
    assert texts(example) == ["Hỏi?", "đáp"]


def test_a_workbook_in_an_archive(tmp_path: Path) -> None:
    rows: list[list[object]] = [list(HEADER), [None, "Gì đây?", "điểm"]]
    book = workbook({"S": sheet(rows, drawing=True)}, with_picture(1))
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("data/d.xlsx", book)
    reader = open_dataset(tmp_path, {"all.zip": buffer.getvalue()})
    (example,) = examples(reader)
    medium = example.turns[0].blocks[0]
    assert isinstance(medium, Media)
    assert (found := reader.media.resolve(medium.ref or "")) and found.read() == PIXEL


LOST = "question,answer\n" + "".join(f"Trong ?nh {n} có hình gì? M?t v?t g?n,cái bàn có b?n chân\n" for n in range(5))
SOUND = "question,answer\nCó gì? Ai?,https://x.vn/?a=1&b=?c\nĐúng không?,'Sao?'\n" + "Là gì?,không\n" * 20


def test_a_table_that_lost_its_letters_is_refused(tmp_path: Path) -> None:
    reader = open_dataset(tmp_path, {"d.csv": LOST.encode("cp1252")})
    (found,) = [found for found in reader.findings if found.code == "letters-lost"]
    assert (found.severity, found.line) == ("error", None)
    assert ".xlsx" in found.fix


@pytest.mark.parametrize(
    "text",
    [
        SOUND,
        "Ngon không?Có. Giá bao nhiêu?Rẻ lắm. " * 40,
        "a?b",
        "What? Why?\n" * 50,
        "x ? y : z\n" * 50,
        "wh?t\nok words here\n",
    ],
)
def test_questions_are_no_lost_letters(text: str) -> None:
    assert text_encoding.letters_lost(text) is None


def test_rows_below_a_merged_cell_are_told_to_fill_down(tmp_path: Path) -> None:
    table = "image,question,answer\na.png,Một?,1\n,Hai?,2\n,Ba?,3\nb.png,Bốn?,4\n"
    reader = open_dataset(tmp_path, {"d.csv": table, "a.png": PIXEL, "b.png": PIXEL})
    assert {row.findings[0].message for row in rejections(reader)} == {
        "the row names no image, while rows above do: was it a merged cell?"
    }


# Two columns as Excel 97 writes them: texts, a number, a formula whose value is not saved, two cells that are merged.
EXCEL_97 = (
    "c-rk)O-NKx6#nk}ahyTN85;$S9wKCAZlX;aeHD~$9P9^*2x`>92JKm+616DHTn0g_qK)9Djn$?fil|+Sz$hXLf*GS#tDvBT`a1W_"
    "eWdjk4wU_HzsEcG-gCcu?s@m;y!+ns*<@krc4HAgpaUir{U|Dy=mg!-ppXF7`@YNuX(iph#y^E<B~4_7jR)1wB61Gpd>3Khmi2@r"
    "Fh}=coIrZm%QmedcCrr{A$@2kDR7-MaWt@3wJiHsu3>qTnGacRXU!#+?ZhpJLzs2bt=rTpK4>&^T^!QxU2gN1HCs@Jr*ajayDUmv"
    "8$0s3%+TLi;aF9e2F+V%*30HILj|O00;loCZvs9CJN0ps)~~K!fb?IN>mwohD~1J(!#~Oke3F8zRLBY5H;-P9wb4>sJvo*g8O;rQ"
    "v^_K4$f<1Jg6P7mlY>ivS|ml0_9*GnFvW4w*%15j%JDG31@s*o^9HEC8*iLZQc*WunVcJwJ#Yj_EQ<iuyfdmu_M?XLN!}j`@@4+U"
    "rx)G5J?;_KjC0g4y&KlE_dd?c7SuS7z#f>}%5pQy3v6{Q=Nnn3$WKaJdg@eW_XKk;a%~Isvz77E-LNFTk@Axt_uO+P-@BVAKhs$}"
    "lbU($PNA8`uAkb=YXWVeO<cPwao-J6q2kCpmJL6}lu9F^eD~E0um%f=aW=`aRFb136kmk!1@jHX7tA*m-w5Fw%$H+%)`+RmuUC9C"
    "gl{t6=CNKUmxHn|-^L|k1daj6gegr}Ato#~5m7E$Y@$MSX@~G_=F6#nMABA6@PQxC;<7-8QHwkBStuZXM+_Po8X6iJ8X6jZ5JH{J"
    "<#|ya0&R6-kEs7T3v@5)-z5Jn_F|Z>QTj051&`7^PM5WQ>S2q(mRMn%;D4dS0qQ-ELHgR2ehikqe(4KNEPb98H%$DxEmUs*i{<$F"
    "oBRI;Bum>~"
)


def test_a_workbook_of_excel_before_2007(tmp_path: Path) -> None:
    reader = open_dataset(tmp_path, {"d.xls": zlib.decompress(base64.b85decode(EXCEL_97))})

    rows = list(reader)

    assert [texts(row) for row in rows if isinstance(row, Example)] == [
        ["Hỏi?", "đáp"],
        ["Năm?", "5"],
        ["Một?", "chung"],
        ["Hai?", "chung"],
    ]
    assert [row.findings[0].code for row in rows if not isinstance(row, Example)] == ["answer-missing"]


def test_pictures_in_an_old_workbook_are_told(tmp_path: Path) -> None:
    old = zlib.decompress(base64.b85decode(EXCEL_97))
    assert "pictures-loose" not in codes(open_dataset(tmp_path, {"d.xls": old}))
    assert "pictures-loose" in codes(open_dataset(tmp_path / "2", {"d.xls": old + PIXEL}))


def test_an_old_document_with_the_name_of_a_workbook_is_named(tmp_path: Path) -> None:
    reader = open_dataset(tmp_path, {"d.xls": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)})

    assert list(reader) == []
    assert "file-damaged" in codes(reader)
