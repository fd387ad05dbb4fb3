"""Share a dataset that is too large for one function among several.

| module | |
|---|---|
| ``shards`` | what each function does, and what is left to do |
| ``media_shards`` | each object of the media once, before the rows are checked |
| ``document_texts`` | the text of each document, taken out of it once |
| ``worker_files`` | what workers leave, in storage |
"""

from tailor.datasets.scale.shards import Shards, Task, workers_of

__all__ = ["Shards", "Task", "workers_of"]
