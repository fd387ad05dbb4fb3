"""The errors that Tailor raises on purpose.

::

    TailorError
    ├── InvalidInputError     what a person gave is wrong; a retry cannot cure it
    │   ├── RecipeError       tailor.yaml is wrong; carries one Problem for each field
    │   ├── DatasetError      the dataset as a whole can't be read at all
    │   └── NotStorableError  a table can't hold it: too large, or a value that it has no form for
    ├── NotFoundError         a run, project, model or key that does not exist
    ├── NotAllowedError       the caller may not do this
    │   └── NotOursError      a job or deployment at Bedrock is not this stack's
    ├── ConflictError         what is asked for is not possible from where things are now
    │   └── LostRaceError     somebody else wrote between reading and writing: read again, decide again
    ├── EvaluationError       an evaluation can't come to a verdict; a retry cannot cure it
    └── RetryableError        infrastructure said "not now"; the caller is expected to try again
        ├── QuotaError        the account has as many as it may have: wait until others end
        └── ThrottledError    a rate limit said so: waiting always helps, and never counts as a failure

Permanent errors are recorded and reported by functions, never raised to the event source; only
:class:`RetryableError` (and bugs) leave a handler, because only those can be cured by another delivery.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem for the user: where it is, what is wrong, how to fix it."""

    where: str
    message: str
    fix: str


class TailorError(Exception):
    """Base of all errors. ``code`` is stable and documented; ``hint`` names the remedy."""

    code = "internal-error"
    http_status = 500

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class InvalidInputError(TailorError):
    code = "invalid-input"
    http_status = 400


class RecipeError(InvalidInputError):
    code = "invalid-recipe"

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(f"{problem.where}: {problem.message}" for problem in problems))
        self.problems = problems


class DatasetError(InvalidInputError):
    code = "invalid-dataset"


class NotStorableError(InvalidInputError):
    code = "not-storable"


class NotFoundError(TailorError):
    code = "not-found"
    http_status = 404


class NotAllowedError(TailorError):
    """``refused``: in Tailor's words what AWS did not allow; empty where it was not AWS that refused."""

    code = "not-allowed"
    http_status = 403

    def __init__(self, message: str, *, hint: str = "", refused: str = "") -> None:
        super().__init__(message, hint=hint)
        self.refused = refused


class NotOursError(NotAllowedError):
    code = "not-ours"


class ConflictError(TailorError):
    code = "conflict"
    http_status = 409


class LostRaceError(ConflictError):
    """Raised by stores only. :func:`tailor.runs.insist` reads and decides again."""


class RetryableError(TailorError):
    code = "try-again"
    http_status = 503


class ThrottledError(RetryableError):
    code = "throttled"
    http_status = 429


class QuotaError(RetryableError):
    code = "quota-exceeded"
    http_status = 429


class EvaluationError(TailorError):
    code = "evaluation-failed"
