"""Every way to write a number, a quantity, a date or a time is one text, and no two values are."""

import datetime
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailor import metrics
from tailor.answers import values_in, whole
from tailor.metrics import Case, Rules
from tailor.normalisers import for_language

VI, EN = (Rules(for_language(code), code) for code in ("vi", "en"))
VIETNAMESE = {
    "25": "hai lăm|hai mươi lăm|hai nhăm|25",
    "105": "một trăm linh năm|một trăm lẻ năm|105",
    "150": "trăm rưỡi|một trăm rưỡi|một trăm năm mươi",
    "120": "trăm hai|một trăm hai|trăm hai mươi|một trăm hai mươi",
    "30": "ba chục|ba mươi",
    "12": "một tá|mười hai",
    "44": "bốn mươi tư|bốn tư|bốn mươi bốn",
    "1000": "1.000|1,000|một nghìn|một ngàn|1k|1000|1 nghìn",
    "2500": "hai nghìn năm trăm|hai nghìn rưỡi|2.500|2 nghìn 5 trăm|2,5 nghìn|2k5",
    "2005": "hai nghìn không trăm linh năm|hai nghìn linh năm|hai ngàn lẻ năm",
    "1500000": "một triệu rưỡi|triệu rưỡi|1,5 triệu|1.5 triệu|1.500.000|1,500,000|1 500 000|1 triệu 500 nghìn|1tr5|"
    "1tr500|1500k|một phẩy năm triệu|một triệu năm trăm ngàn",
    "1200000": "một triệu hai|triệu hai|1tr2|1,2 triệu|một triệu hai trăm nghìn",
    "500000": "nửa triệu|năm trăm nghìn|500k|0,5 triệu",
    "2000000000000": "hai nghìn tỷ|2.000 tỉ",
    "3.5": "ba phẩy năm|3,5|3.5|3,50",
    "1.2340": "1,234",
    "12345.67": "12.345,67|12345.67|12,345.67",
    "-5": "âm 5|âm năm|-5|−5",
    "1/2": "một nửa|nửa|một phần hai|½",
    "5": "năm|05",
    "50 %": "50%|50 phần trăm|năm mươi phần trăm",
    "50000 đồng": "50.000đ|50.000 ₫|50 nghìn đồng|50.000 VND|50.000 VNĐ|50k đồng|năm mươi ngàn đồng|50,000 đồng",
    "5 usd": "$5|5$|5 đô|năm đô la|US$5|5 đô la Mỹ",
    "5 km": "5km|năm ki lô mét|năm ki-lô-mét|5 cây số|5 kilomet",
    "1.75 m": "1m75|1,75m|1 mét 75|một mét bảy mươi lăm|một mét bảy lăm",
    "2.5 kg": "2,5 kg|2 kg rưỡi|hai cân rưỡi|hai ký rưỡi",
    "1.5 l": "lít rưỡi|một lít rưỡi|1,5 lít",
    "0.5 l": "nửa lít|1/2 lít|0,5L",
    "37 độ c": "37 độ C|37°C|ba mươi bảy độ C",
    "100 m2": "100m²|100 m2|một trăm mét vuông",
    "10 năm": "mười năm|10 năm",
    "1945-09-02": "2/9/1945|02/09/1945|02-09-1945|2.9.1945|ngày 2 tháng 9 năm 1945|mùng 2 tháng 9 năm 1945|"
    "ngày hai tháng chín năm 1945|2 September 1945|September 2, 1945|1945-09-02|ngày 02/09/1945",
    "1945-09": "tháng 9 năm 1945|9/1945|tháng 9/1945|tháng chín năm 1945",
    "2/9": "ngày 2 tháng 9|02/09|mồng 2 tháng 9|2 tháng 9",
    "tháng 1": "tháng giêng|tháng một|tháng 1",
    "7:30": "7h30|7 giờ 30|7:30|07:30|7 giờ rưỡi|7 giờ 30 phút|bảy giờ rưỡi sáng|7g30|07h30'",
    "6:45": "7 giờ kém 15|bảy giờ kém mười lăm phút|6h45",
    "19:00": "19h|7 giờ tối|19 giờ|7h tối|bảy giờ buổi tối",
    "14:00": "2 giờ chiều|14h",
    "0:00": "12 giờ đêm|0h",
}
ENGLISH = {
    "25": "twenty-five|twenty five",
    "105": "one hundred and five|a hundred five",
    "1500000": "1.5 million|1,500,000|one and a half million|one million five hundred thousand",
    "500000": "half a million|500k",
    "1945-09-02": "2 September 1945|September 2nd, 1945|Sept. 2, 1945|2nd of September 1945|1945-09-02",
    "7:30": "half past seven|7:30 am|07:30",
    "6:45": "quarter to seven o'clock|6:45",
    "19:00": "7 pm|7 p.m.|19:00|7 o'clock pm",
    "5 km": "five kilometers|5km",
    "50 %": "fifty percent|50%",
    "3.14": "three point one four|3.14|3.140",
}
SPOKEN = [
    *((VI, form, text) for form, texts in VIETNAMESE.items() for text in texts.split("|")),
    *((EN, form, text) for form, texts in ENGLISH.items() for text in texts.split("|")),
]


@pytest.mark.parametrize(("rules", "form", "text"), SPOKEN, ids=lambda value: value if isinstance(value, str) else "")
def test_one_form_for_every_way_to_write_it(rules: Rules, form: str, text: str) -> None:
    assert rules.normalise(text) == form
    assert rules.normalise(form) == form


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("mười năm", "10 năm"),
        ("hai nghìn năm", "2000 năm"),
        ("năm 1945", "năm 1945"),
        ("năm ngoái", "năm ngoái"),
        ("lớp 10A1", "lớp 10 a1"),
        ("007", "007"),
        ("0912 345 678", "0912 345 678"),
        ("hàng triệu hai bên", "hàng triệu 2 bên"),
        ("50k 50k", "50000 50000"),
        ("50k 2 ly", "50000 2 li"),
        ("31/2/2024", "31/2/2024"),
        ("3 tháng 5 ngày", "3 tháng 5 ngày"),
        ("1 2 3", "1 2 3"),
        ("5-10", "5-10"),
        ("không", "không"),
    ],
)
def test_what_is_no_number_or_date_stays(text: str, form: str) -> None:
    assert VI.normalise(text) == form


_ONES = ["không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín"]


def _below_thousand(number: int, *, inner: bool) -> str:
    hundreds, rest = divmod(number, 100)
    tens, ones = divmod(rest, 10)
    words = [f"{_ONES[hundreds]} trăm"] if hundreds or inner else []
    if tens > 1:
        last = {0: "", 1: " mốt", 4: " tư", 5: " lăm"}.get(ones, f" {_ONES[ones]}")
        words.append(f"{_ONES[tens]} mươi{last}")
    elif tens:
        words.append({0: "mười", 5: "mười lăm"}.get(ones, f"mười {_ONES[ones]}"))
    elif ones:
        words.append(f"linh {_ONES[ones]}" if words else _ONES[ones])
    return " ".join(words)


def in_words(number: int) -> str:
    """Return a number as Vietnamese spells it out."""
    words: list[str] = []
    for size, name in ((10**9, "tỷ"), (10**6, "triệu"), (10**3, "nghìn"), (1, "")):
        part, number = divmod(number, size)
        if part:
            words.append(f"{_below_thousand(part, inner=bool(words))} {name}".strip())
    return " ".join(words)


NUMBERS = st.one_of(st.integers(1, 3000), st.integers(1, 10**12 - 1), st.integers(1, 999).map(lambda part: part * 1000))


@settings(max_examples=200, deadline=None)
@given(NUMBERS, NUMBERS)
def test_a_number_in_any_form_is_itself_and_no_other(number: int, other: int) -> None:
    forms = [str(number), f"{number:,}".replace(",", "."), in_words(number)]
    assert {VI.normalise(form) for form in forms} == {str(number)}
    others = [str(other), f"{other:,}".replace(",", "."), in_words(other)]
    for form in forms:
        for text in others:
            for metric in ("exact_match", "numeric"):
                found = metrics.get(metric).score(Case(text, (form,)), VI)
                assert found == (number == other), (metric, form, text)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 99999), st.integers(1, 4), st.sampled_from(["", " triệu", " kg", "%", " đồng"]))
def test_a_decimal_is_itself_with_comma_and_point(number: int, places: int, unit: str) -> None:
    whole_part, part = divmod(number, 10**places)
    text = f"{whole_part},{part:0{places}}"
    if places == 3 and text.endswith("0") and whole_part:
        return  # an English group, by convention
    value = whole(VI.normalise(f"{text}{unit}"))
    assert value is not None
    assert value.number == Fraction(number, 10**places) * (10**6 if unit == " triệu" else 1)


DAYS = st.dates(datetime.date(1900, 1, 1), datetime.date(2099, 12, 31))


@settings(max_examples=100, deadline=None)
@given(DAYS, DAYS)
def test_a_date_in_any_form_is_itself_and_no_other(day: datetime.date, other: datetime.date) -> None:
    def forms(one: datetime.date) -> list[str]:
        worded = f"ngày {one.day} tháng {one.month} năm {one.year}"
        numeric = [f"{one.day}{mark}{one.month}{mark}{one.year}" for mark in "/-."]
        return [worded, *numeric, f"{one:%d/%m/%Y}", one.isoformat(), f"{one:%B} {one.day}, {one.year}"]

    score = metrics.get("date_time").score
    for text in forms(other):
        said = [score(Case(f"Sự kiện diễn ra vào {text}.", (form,)), VI) for form in forms(day)]
        assert set(said) == {float(day == other)}


TIMES = st.times().map(lambda time: (time.hour, time.minute))


@settings(max_examples=100, deadline=None)
@given(TIMES, TIMES)
def test_a_time_in_any_form_is_itself_and_no_other(time: tuple[int, int], other: tuple[int, int]) -> None:
    def forms(hour: int, minute: int) -> list[str]:
        found = [f"{hour}h{minute:02}", f"{hour}:{minute:02}", f"{hour} giờ {minute} phút"]
        return found + ([f"{hour - 12} giờ {minute} chiều"] if 13 <= hour <= 18 else [])

    for form in forms(*time):
        for text in forms(*other):
            assert metrics.get("exact_match").score(Case(text, (form,)), VI) == float(time == other)


UNITS = ["km", "m", "cm", "kg", "g", "lạng", "lít", "ml", "độ C", "%", "đồng", "USD", "phút", "m2"]


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 5000), st.sampled_from(UNITS), st.sampled_from(UNITS))
def test_a_quantity_in_another_unit_is_another(number: int, unit: str, other: str) -> None:
    for metric in ("exact_match", "numeric"):
        found = metrics.get(metric).score(Case(f"{number} {other}", (f"{number}{unit}",)), VI)
        assert found == (unit == other), metric


@pytest.mark.parametrize(("first", "second"), [("5 km", "5000m"), ("2 kg", "2000 g"), ("1 giờ 30 phút", "90 phút")])
def test_the_same_quantity_in_two_units_is_the_same(first: str, second: str) -> None:
    for metric in ("exact_match", "numeric"):
        assert metrics.get(metric).score(Case(first, (second,)), VI) == 1


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="0123456789.,/:-+<>%đkm hgiờnăm", max_size=25))
def test_any_text_can_be_read(text: str) -> None:
    for rules in (VI, EN):
        values_in(rules.normalise(text))
        whole(rules.normalise(text))
