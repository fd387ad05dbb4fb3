"""The API for people: see runs, decide about their cost, steer them.

| module | |
|---|---|
| ``access`` | who may do what: a key's current record and its scopes |
| ``documents`` | what is answered, as pydantic models |
| ``key_documents``, ``comparison_documents`` | the same about keys, and two runs |
| ``requests`` | what is asked, as pydantic models |
| ``shown`` | a run as a document |
| ``runs`` | runs: list, show, findings, losses, and every action on a run or a project's live version |
| ``approvals`` | runs that wait for approval of their cost |
| ``clicks`` | buttons in Slack: who pressed them, and what they act on |
| ``uploads`` | upload a dataset from a browser, go on after an interruption, end it |
| ``previews`` | show the first rows of a dataset, with what its columns mean |
| ``api_keys`` | list, create, rotate and revoke keys, none of which may do more than the one that makes it |
| ``comparisons`` | two runs of a project beside each other |
| ``adoptions`` | have a model that was made elsewhere measured and served |
| ``usage`` | what calls of a project's model were, and what they cost |
| ``pages`` | pages of a list |
| ``operations`` | the table of all paths, from which docs/openapi.json and the tests are made |
"""

from tailor.management.access import AccessControl
from tailor.management.adoptions import Adoptions
from tailor.management.api_keys import KeyManagement
from tailor.management.approvals import Approvals
from tailor.management.clicks import Clicks
from tailor.management.comparisons import Comparisons
from tailor.management.operations import ERRORS, OPERATIONS, Operation
from tailor.management.previews import Previews
from tailor.management.runs import RunsApi
from tailor.management.shown import summary
from tailor.management.uploads import Uploads
from tailor.management.usage import ProjectUsage

__all__ = [
    "ERRORS",
    "OPERATIONS",
    "AccessControl",
    "Adoptions",
    "Approvals",
    "Clicks",
    "Comparisons",
    "KeyManagement",
    "Operation",
    "Previews",
    "ProjectUsage",
    "RunsApi",
    "Uploads",
    "summary",
]
