"""Base of the recipe's sections, and the kinds of values that several of them have."""

from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

A_YEAR = 24 * 365  # hours
# What DynamoDB, which stores the recipe, can hold of a number that is not 0, and of an integer (38 digits).
SMALLEST, LARGEST, LARGEST_INTEGER = 1e-130, 9.9e125, 10**38 - 1
Share = Annotated[float, Field(ge=0, le=1)]
Key = Annotated[str, Field(min_length=1)]  # a stored map has no empty key
Hours = Annotated[float, Field(gt=0, le=A_YEAR)]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @field_validator("*")
    @classmethod
    def _storable(cls, value: Any) -> Any:
        """Refuse numbers that can't be stored, and no others: recipes of stored runs must stay readable."""
        size = value.copy_abs() if isinstance(value, Decimal) else abs(value) if isinstance(value, float) else 0
        if size and not SMALLEST <= size <= LARGEST:
            raise ValueError(f"the number must be 0, or between {SMALLEST:g} and {LARGEST:g} in size")
        if isinstance(value, int) and abs(value) > LARGEST_INTEGER:
            raise ValueError("the number must have at most 38 digits")
        return value
