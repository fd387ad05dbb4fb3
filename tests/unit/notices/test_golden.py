"""What is sent is what the golden files and the docs show, and no language lacks a word."""

import json
import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tailor.notices import figures, slack, teams
from tailor.notices.channels import SnsChannel, plain_text, subject
from tailor.notices.figures import Field
from tailor.notices.messages import Notice, NoticeLink
from tailor.notices.vietnamese import PHRASES
from tailor.notices.wordings import SPECIAL, WORDINGS
from tailor.notices.words import ENGLISH, VIETNAMESE
from tailor.runs import State
from tests.unit.contracts.template import ROOT
from tests.unit.notices import golden
from tests.unit.notices.slack_stand_in import wrong_with

FILES = golden.files()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_messages_are_those_of_the_golden_files(path: Path) -> None:
    text = FILES[path]()
    if os.environ.get("GOLDEN") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
    assert path.read_text("utf-8") == text, "GOLDEN=write writes the files anew"


def test_every_wording_has_a_golden_message() -> None:
    assert {state.value for state in WORDINGS} | set(SPECIAL) <= set(golden.runs())


@pytest.mark.parametrize("language", golden.LANGUAGES)
def test_every_channel_takes_every_message(language: Any) -> None:
    for name, notice in golden.notices(language).items():
        assert not wrong_with(slack.payload(notice)["blocks"]), name
        assert len(teams.body(notice)) <= 28_000, name
        assert len(subject(notice)) < 100, name
        assert subject(notice).isascii(), name


# ------------------------------------------------------------------------------------------------- Vietnamese
def test_vietnamese_has_every_wording_label_and_state() -> None:
    assert set(PHRASES) == {state.value for state in WORDINGS} | set(SPECIAL)
    assert set(ENGLISH.states) == set(VIETNAMESE.states) == set(State)
    for name in ("no_run", "buttons", "questions", "done"):
        assert getattr(ENGLISH, name).keys() == getattr(VIETNAMESE, name).keys()
    for name in ("price", "may_not", "decided", "moved_on", "other_quote", "other_channel", "price_and_hosting"):
        named = [set(re.findall(r"\{(\w+)\}", getattr(words, name))) for words in (ENGLISH, VIETNAMESE)]
        assert named[0] == named[1], name
    source = Path(figures.__file__).read_text("utf-8")
    labels = set(re.findall(r'Field\("([^"]+)"', source))
    told = golden.notices("en").items()
    labels |= {field.label for name, notice in told if name != "digest" for field in notice.fields}  # it has states
    assert labels <= set(VIETNAMESE.labels)


def test_states_and_buttons_have_the_consoles_words() -> None:
    page = (ROOT / "functions" / "console" / "static" / "texts.js").read_text("utf-8")
    for words in (ENGLISH, VIETNAMESE):
        for state, said in words.states.items():
            assert re.search(rf'"?{re.escape(state)}"?: "{re.escape(said)}"', page), said
        for action, said in words.buttons.items():
            assert f'{action}: "{said}"' in page


def test_vietnamese_messages_are_vietnamese() -> None:
    """No English sentence is left, but names, commands and what AWS said."""
    english = re.compile(r"\b(the|is|are|was|and|it|of|not|nothing|with|takes|because)\b")
    for name, notice in golden.notices("vi").items():
        told = " ".join([notice.title, notice.text, notice.next_step, *(field.label for field in notice.fields)])
        assert not english.search(re.sub(r"(Bedrock báo|Chi tiết|Lý do): .*?(?=\. |$)", "", told)), name
        assert re.search("[ạảấầậắằặẻếềệịọốồộớờợụứừựđ]", told), name


def test_subjects_of_vietnamese_titles_keep_their_letters() -> None:
    notice = golden.notices("vi")["live"]
    assert subject(notice) == "colours: mo hinh tuy chinh da duoc dua vao dung"


# ------------------------------------------------------------------------------------------------- limits
def longest(language: Any) -> Notice:
    """The longest names, and the 200 findings of a report."""
    name = "đ" * 63
    return Notice(
        run=name,
        project=name,
        dataset=name,
        state=State.REJECTED,
        sequence=3,
        at=datetime(2026, 11, 22, 10, tzinfo=UTC),
        severity="error",
        title=f"{name}: " + "ữ" * 400,
        text='"<đ>&\n' * 20_000,
        next_step="tailor show " * 5_000,
        fields=tuple(Field(f"lỗi {number} " + "ệ" * 300, '"&' * 4_000) for number in range(200)),
        links=(NoticeLink("Mở " + "ở" * 200, "https://reports.example/" + "%C4%91" * 90),) * 8,
        mention="U012ABCDEF",
        language=language,
    )


@pytest.mark.parametrize("language", golden.LANGUAGES)
def test_the_longest_message_keeps_every_limit(language: Any) -> None:
    notice = longest(language)
    sent: list[tuple[str, Any]] = []
    payload = slack.payload(notice)
    assert not wrong_with(payload["blocks"])
    assert len(payload["text"]) <= 40_000
    assert len(teams.body(notice)) <= 28_000
    SnsChannel(lambda subject, bodies, attributes: sent.append((subject, bodies))).send(notice)
    [(line, bodies)] = sent
    assert len(line) < 100
    assert len(json.dumps(bodies).encode()) <= 262_144
    assert plain_text(notice).startswith(("Next: ", "Tiếp theo: "))
