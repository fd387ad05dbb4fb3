"""Adopt a model that was made elsewhere: for ``tailor adopt``'s requests over the API."""

from datetime import UTC, datetime

from tailor.errors import InvalidInputError, NotFoundError, NotOursError
from tailor.management import shown
from tailor.management.access import OPERATORS, AccessControl, own, signature
from tailor.management.requests import AdoptRequest
from tailor.management.runs import in_full
from tailor.serving.errors import ApiError
from tailor.serving.keys import Caller
from tailor.serving.schema import read
from tailor.serving.service import ApiAnswer
from tailor.steps.adopting import Adopting, adopt, examine
from tailor.steps.uploading import IncompleteError


class Adoptions:
    """The operation of docs/api.md, "Models made elsewhere". Raises ApiError and the errors of :mod:`tailor.errors`."""

    def __init__(self, access: AccessControl, services: Adopting) -> None:
        self._access = access
        self._services = services

    def adopt(self, project: str, body: bytes, caller: Caller) -> ApiAnswer:
        """Answer ``POST /v1/models/{id}/adopt`` with the run that measures the model. A repeat is the same run.

        Raises ApiError 400 for a model that can't be adopted, 404 for one, or a dataset, that is not there, and 409
        where files of the dataset's upload have not arrived.
        """
        key = self._access.key(caller, OPERATORS)
        own(project, key, "id")
        asked = read(AdoptRequest, body)
        try:
            adopted = examine(asked.model, asked.base, self._services.control, project=project)
        except (InvalidInputError, NotOursError) as error:
            raise ApiError(400, in_full(error), code="invalid_value", param="model") from error
        except NotFoundError as error:
            message = f"this account and Region have no custom model {asked.model}"
            raise ApiError(404, message, code="model_not_found", param="model") from error
        how = {"by": signature(key), "reason": asked.reason}
        try:
            made = adopt(project, adopted, self._services, dataset=asked.dataset, now=datetime.now(UTC), **how)
        except InvalidInputError as error:
            raise ApiError(400, in_full(error), code="invalid_value", param="dataset") from error
        except NotFoundError as error:
            raise ApiError(404, error.message, code="upload_not_found", param="dataset") from error
        except IncompleteError as error:
            raise ApiError(409, error.message, code="upload_incomplete", param="dataset") from error
        facts = {"key": key.id, "run": made.run.id, "action": "adopt"}
        return ApiAnswer(shown.summary(made.run).model_dump_json(), facts=facts)
