"""Names that every AWS API takes: lower-case letters, digits, single hyphens, at most 63 characters.

Bedrock's patterns differ (jobs refuse ``_``, models refuse ``.`` and double separators, evaluations refuse capitals);
this is their intersection. Source: botocore's service model, bedrock.
"""

import hashlib
import re
import unicodedata
from dataclasses import dataclass

from tailor.errors import InvalidInputError

NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
MAX_NAME = 63
UPLOADS = "uploads/"
RECIPE_FILE = "tailor.yaml"


def check_name(name: str, what: str = "name") -> str:
    """Return ``name``. Raises InvalidInputError with a suggestion if it is not valid."""
    if len(name) <= MAX_NAME and NAME.fullmatch(name):
        return name
    raise InvalidInputError(
        f"{what} {name!r} can't be used: lower-case letters, digits and single hyphens, at most {MAX_NAME} characters",
        hint=f"for example {suggest_name(name)!r}",
    )


def suggest_name(text: str) -> str:
    """Return the nearest valid name: ``mau-sac-1`` for "Màu Sắc 1"."""
    plain = unicodedata.normalize("NFD", text.lower().replace("đ", "d"))
    words = re.findall(r"[a-z0-9]+", "".join(char for char in plain if not unicodedata.combining(char)))
    return "-".join(words)[:MAX_NAME].strip("-") or "dataset"


@dataclass(frozen=True, slots=True)
class DatasetPath:
    """The key of an uploaded object: ``uploads/<project>/<dataset>/<file>``."""

    project: str
    dataset: str
    file: str

    @property
    def prefix(self) -> str:
        return f"{UPLOADS}{self.project}/{self.dataset}/"

    @classmethod
    def parse(cls, key: str) -> "DatasetPath | None":
        """Parse a key; None if it is not inside a dataset folder. Names are not checked here."""
        parts = key.split("/", 3)
        if len(parts) != 4 or f"{parts[0]}/" != UPLOADS or not all(parts[1:]):
            return None
        return cls(parts[1], parts[2], parts[3])


def run_id(stack: str, project: str, dataset: str, fingerprint: str) -> str:
    """Return a run's id, at most 58 characters; also names its job, model and deployment, so they can be found.

    Its last twelve characters are a digest of the stack's name and the fingerprint: two stacks in one account that
    receive the same folder must not share a job or a deployment. Ids of earlier versions end with the fingerprint's
    first twelve digits; they are kept.
    """
    mark = hashlib.sha256(f"{stack}\n{fingerprint}".encode()).hexdigest()
    return "-".join((project[:24].strip("-"), dataset[:20].strip("-"), mark[:12]))


def possible_projects(run: str) -> list[str]:
    """Return the projects of up to 24 characters that a run of this id may belong to, the longest name first."""
    words = run.split("-")
    return ["-".join(words[:number]) for number in range(len(words) - 1, 0, -1)]


def files_of_run(project: str, run: str) -> str:
    """Return the folder of a run's files. The project is a level of its own.

    So a policy for ``runs/a/*`` reaches nothing of a project ``a-b``. Earlier versions had ``runs/<run>/``.
    """
    return f"runs/{project}/{run}/"


def work_folder(files: str) -> str:
    """Return the folder of what functions leave for each other while they prepare the run with these ``files``.

    Its prefix is its own, so that a lifecycle rule removes leftovers.
    """
    return f"work/{files.removeprefix('runs/')}"


def project_folders(project: str) -> tuple[str, ...]:
    """Return the folders of the bucket that hold a project's objects: uploads, files of runs, intermediate results."""
    files = files_of_run(project, "").removesuffix("/")
    return (f"{UPLOADS}{project}/", files, work_folder(files))
