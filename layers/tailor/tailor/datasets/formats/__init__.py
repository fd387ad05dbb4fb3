"""Convert a row of each format to an :class:`~tailor.datasets.example.Example`.

| module | |
|---|---|
| ``registry`` | the formats in the order in which they are tried; a new one is a module and a line there |
| ``base`` | what a format is: how it is recognised, how it converts |
| ``converse``, ``openai_chat``, ``question_answer`` and others | one format each |
| ``chat``, ``nested``, ``multiple_choice`` | what several formats share |
| ``account``, ``turns_account``, ``carriers`` | what becomes of each key that a row has, a turn, a part |
| ``reader`` | a whole dataset: its files, their formats, their rows |
| ``by_method`` | what a method makes of examples before they are checked |
"""

from tailor.datasets.formats.by_method import adapted
from tailor.datasets.formats.invocation_log import read_log
from tailor.datasets.formats.reader import DatasetReader, Lines, ReadableFile, read_dataset
from tailor.datasets.formats.registry import FORMATS

__all__ = ["FORMATS", "DatasetReader", "Lines", "ReadableFile", "adapted", "read_dataset", "read_log"]
