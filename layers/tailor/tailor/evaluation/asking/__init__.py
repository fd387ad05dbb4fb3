"""Ask the arms at the pace that models allow, store each answer, and resume where an earlier call stopped.

- ``runner``: asks what is missing, in chunks, and keeps the answers
- ``judge_job``: the same question to Bedrock's own evaluation jobs
"""

from tailor.evaluation.asking import judge_job
from tailor.evaluation.asking.runner import WORKERS, AnswerStore, CallProgress, Interview

__all__ = ["WORKERS", "AnswerStore", "CallProgress", "Interview", "judge_job"]
