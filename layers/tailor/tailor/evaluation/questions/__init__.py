"""Derive questions, and the models to ask, from a run's files alone, so that each call asks the same.

- ``held_out``: rows and answers, as files hold them
- ``arms``: the models that answer, worked examples, the request for one row
- ``section``: questions that go to the same arms, in chunks
- ``general``: Tailor's own general questions (``suite/``); ``cloze``: questions out of documents
- ``sealing``: which held-out rows are asked only when a version is about to go live
- ``plan``: all sections of a run
"""

from tailor.evaluation.questions.arms import (
    BASE,
    CANDIDATE,
    FEW_SHOT,
    LIVE,
    TEACHER,
    Arm,
    Shot,
    build_request,
    pick_shots,
    sample_rows,
)
from tailor.evaluation.questions.held_out import Answer, Row, check_known, read_answers, read_rows, write_answers
from tailor.evaluation.questions.plan import Questions, questions_of
from tailor.evaluation.questions.sealing import part_of
from tailor.evaluation.questions.section import QuestionSet

__all__ = [
    "BASE",
    "CANDIDATE",
    "FEW_SHOT",
    "LIVE",
    "TEACHER",
    "Answer",
    "Arm",
    "QuestionSet",
    "Questions",
    "Row",
    "Shot",
    "build_request",
    "check_known",
    "part_of",
    "pick_shots",
    "questions_of",
    "read_answers",
    "read_rows",
    "sample_rows",
    "write_answers",
]
