"""Requests of the API for people. Reasons are shown in terminals too, so they have no control characters."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict, Field, field_validator

from tailor.findings import Language
from tailor.recipe_serving import Commitment
from tailor.runs import State
from tailor.serving.keys import MAX_PROJECTS, Scope
from tailor.serving.schema import ApiModel

MOST_RUNS = 100
MOST_DAYS = 92  # of usage
MAX_RECIPE = 64_000
MOST_FILES = 20_000
LARGEST_FILE = 1024**4  # bytes
MOST_LINKS = 100
FindingsLanguage = Annotated[
    Language | None, Field(description="language of the findings; default: that of Accept-Language")
]
STATES = ("open", *State)
_TEXT = r"^[^\x00-\x09\x0b-\x1f\x7f-\x9f]*$"
Reason = Annotated[str, Field(max_length=500, pattern=_TEXT)]
GivenReason = Annotated[str, Field(min_length=1, max_length=500, pattern=_TEXT)]


class DecisionRequest(ApiModel):
    """Body of a decision about a cost."""

    decision: Literal["approve", "decline"]
    reason: Reason = ""
    commitment: Commitment | None = Field(
        default=None, description="the recipe's commitment, named again: an approval without it buys none"
    )


class ActionRequest(ApiModel):
    """Body of an action that needs no reason."""

    reason: Reason = ""


class ReasonedRequest(ActionRequest):
    """Body of an action that needs a reason."""

    reason: GivenReason


class AdoptRequest(ActionRequest):
    """Body of an adoption: which model, and on whose held-out rows it is measured."""

    model: Annotated[str, Field(min_length=1, max_length=2200, pattern=_TEXT)] = Field(
        description="a custom model's ARN, a SageMaker model package's ARN, or a checkpoint in SageMaker's bucket (s3://)"
    )
    base: Annotated[str, Field(max_length=63)] | None = Field(
        default=None, description="its base model, where Bedrock does not tell it"
    )
    dataset: Annotated[str, Field(max_length=63)] | None = Field(
        default=None, description="null: the project's last one; an upload that was begun there is ended"
    )


class RollbackRequest(ApiModel):
    """Body of a rollback. Name the version: repeating a rollback without it goes back once more."""

    to: Annotated[str, Field(max_length=63)] | None = None
    reason: Reason = ""


Role = Literal["question", "answer", "context", "image", "video", "system", "group", "category", "split", "id"]
FileName = Annotated[str, Field(min_length=1, max_length=900)]


class FileRequest(ApiModel):
    """A file to upload."""

    name: FileName = Field(description="its path in the dataset's folder, with slashes")
    size: Annotated[int, Field(ge=0, le=LARGEST_FILE, description="in bytes")]
    modified: Annotated[int, Field(ge=0, le=2**53, description="milliseconds since 1970; 0 if unknown")] = 0

    @field_validator("name")
    @classmethod
    def _is_a_path(cls, value: str) -> str:
        if "\\" in value or any(part in ("", ".", "..") for part in value.split("/")):
            raise ValueError("it is a path with slashes, without empty names, . and ..")
        if not value.isprintable() or len(value.encode()) > 900:
            raise ValueError("it has at most 900 bytes, and no control characters")
        return value


class UploadRequest(ApiModel):
    """Files of an upload. The same list again goes on with an upload that was cut short."""

    files: Annotated[list[FileRequest], Field(min_length=1, max_length=MOST_FILES)]
    replace: bool = Field(default=False, description="take the place of an unfinished upload of other files")


class PieceRequest(ApiModel):
    """A piece of an upload, as ``remaining`` lists it."""

    name: FileName
    part: Annotated[int, Field(ge=0, le=10_000)]
    sha256: Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]{43}=$", description="of its bytes, in base64")]


class LinksRequest(ApiModel):
    pieces: Annotated[list[PieceRequest], Field(min_length=1, max_length=MOST_LINKS)]


RecipeText = Annotated[str, Field(max_length=MAX_RECIPE, description="a tailor.yaml")]
ColumnName = Annotated[str, Field(min_length=1, max_length=200)]


class RecipeChanges(ApiModel):
    """A recipe: the folder's, or ``recipe`` in its place, with what else is given here."""

    recipe: RecipeText | None = None
    columns: dict[Role, ColumnName] = Field(default={}, description="columns by their roles")
    ask_first: bool = Field(default=False, description="have the run wait for approval, whatever it costs")


class PreviewRequest(RecipeChanges):
    """Recipe to look at a dataset with, and the language of the findings."""

    lang: FindingsLanguage = None


class FinishRequest(RecipeChanges):
    """End of an upload. What is given here is written into the folder's recipe before the run starts."""


Whole = BeforeValidator(lambda value: int(value) if isinstance(value, float) and value.is_integer() else value)
"""Takes ``30.0``, which is a whole number to JSON Schema, for 30. Stands last in an annotation."""
MOST_KEYS_LISTED = 100
LONGEST_KEY = 365  # days
Days = Annotated[
    int, Field(ge=1, le=LONGEST_KEY, description="how long it works; less where the maker's own end is near"), Whole
]
ProjectName = Annotated[str, Field(max_length=63)]


class KeyRequest(ApiModel):
    """A key to create: for projects and scopes of the request's key."""

    name: Annotated[str, Field(min_length=1, max_length=100, description="who uses it")]
    projects: Annotated[tuple[ProjectName, ...], Field(min_length=1, max_length=MAX_PROJECTS, strict=False)]
    scopes: Annotated[tuple[Scope, ...], Field(min_length=1, max_length=10, strict=False)] = ("chat",)
    days: Days = LONGEST_KEY
    requests_per_minute: Annotated[int, Field(ge=1, le=1_000_000), Whole] | None = None
    tokens_per_day: Annotated[int, Field(ge=1, le=10**12), Whole] | None = None
    budget_usd: Annotated[str, Field(pattern=r"^[0-9]{1,7}(\.[0-9]{1,2})?$")] | None = Field(
        default=None, description="of its calls in a calendar month (UTC)"
    )
    strict: bool = False


class RotateRequest(ApiModel):
    """Periods for which the old secret of a rotated key works, and the new one."""

    grace_hours: Annotated[int, Field(ge=0, le=168), Whole] = 24
    days: Days = LONGEST_KEY


class RevokeRequest(ApiModel):
    """Body of a revocation, which has no members."""


class KeysQuery(ApiModel):
    """Query of the list of keys. ``after`` is the ``last_id`` of the page before."""

    model_config = ConfigDict(strict=False)  # of an address, where all is text

    project: ProjectName | None = None
    state: Literal["usable", "expired", "revoked"] | None = None
    limit: Annotated[int, Field(ge=1, le=MOST_KEYS_LISTED)] = MOST_KEYS_LISTED
    after: Annotated[str, Field(max_length=63)] | None = None


class UsageQuery(ApiModel):
    """Query of a project's usage: ``days`` up to and including today (UTC)."""

    model_config = ConfigDict(strict=False)  # of an address, where all is text

    days: Annotated[int, Field(ge=1, le=MOST_DAYS)] = 31


class ComparisonQuery(ApiModel):
    """Query of a comparison: the other run, of the same project."""

    other: Annotated[str, Field(min_length=1, max_length=63)]


class FindingsQuery(ApiModel):
    """Query of findings."""

    lang: FindingsLanguage = None


class RunsQuery(ApiModel):
    """Query of the list of runs. ``after`` is the ``last_id`` of the page before."""

    model_config = ConfigDict(strict=False)  # of an address, where all is text

    project: Annotated[str, Field(max_length=63)] | None = None
    state: Annotated[str, Field(json_schema_extra={"enum": list(STATES)})] | None = None
    limit: Annotated[int, Field(ge=1, le=MOST_RUNS)] = 20
    after: Annotated[str, Field(max_length=63)] | None = None

    @field_validator("state")
    @classmethod
    def _is_a_state(cls, value: str | None) -> str | None:
        if value is not None and value not in STATES:
            raise ValueError(f"it is one of {', '.join(STATES)}")
        return value
