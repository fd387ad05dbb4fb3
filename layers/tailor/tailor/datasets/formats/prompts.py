"""Read prompts without answers, under any column name, for a teacher (distillation) or a grader (reinforcement)."""

from tailor.datasets.formats.base import Format, Sample
from tailor.datasets.formats.question_answer import make_converter


def _fits(sample: Sample) -> bool:
    return (
        sample.method in ("distillation", "reinforcement")
        and "question" in sample.columns
        and sample.all_have(sample.columns["question"])
    )


FORMAT = Format("prompts", "prompts without answers", _fits, make_converter, uses_columns=True, asks=True)
