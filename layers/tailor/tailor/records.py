"""Base of stored records."""

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """A stored record. Unknown fields are dropped, so an older function can read what a newer one wrote."""

    model_config = ConfigDict(extra="ignore")
