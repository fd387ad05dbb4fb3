"""Turn an uploaded folder into prepared data and a report: what runs, in which order.

| module | |
|---|---|
| ``preparation`` | the whole of it; :func:`prepare_dataset` is the way in |
| ``row_pass`` | each row: checked, repaired, encoded, noted or rejected |
| ``batches``, ``workers``, ``process`` | the same on several cores, put together in reading order |
| ``writer`` | train, validation and test files, each line read again before it counts |
| ``conversion`` | the text of documents, taken out of them in processes of their own |
| ``samples`` | rows that the report shows |
| ``logged`` | held-out rows that the logs of a distillation ask too |
| ``questions`` | a team's own questions for an evaluation |
| ``cost`` | how much work a dataset is, and among how many functions it is shared |
| ``disk_full`` | what is said where the disk is too small |
"""

from tailor.datasets.prepare.batches import BATCH, Item, rows_of
from tailor.datasets.prepare.cost import ShardPlan, WorkEstimate, estimate_work, media_outside, plan_shards
from tailor.datasets.prepare.disk_full import NoRoomError, disk_full_as_error
from tailor.datasets.prepare.logged import OpenBucket
from tailor.datasets.prepare.preparation import Assignment, Intake, Progress, prepare_dataset, reject_dataset
from tailor.datasets.prepare.row_pass import folder_of

__all__ = [
    "BATCH",
    "Assignment",
    "Intake",
    "Item",
    "NoRoomError",
    "OpenBucket",
    "Progress",
    "ShardPlan",
    "WorkEstimate",
    "disk_full_as_error",
    "estimate_work",
    "folder_of",
    "media_outside",
    "plan_shards",
    "prepare_dataset",
    "reject_dataset",
    "rows_of",
]
