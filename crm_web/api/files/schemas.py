"""What of files goes in and out of the API."""

from pydantic import ConfigDict, Field

from crm_web.api.field_types import RecordId
from crm_web.api.schemas import PageOf, PageQuery, Sent
from crm_web.models import MediaType
from crm_web.web.schemas import Moment, ResponseModel


class FileQuery(PageQuery):
    """The filters of files."""

    lead: RecordId | None = Field(None, description="On this lead or one of its activities.")
    customer: RecordId | None = Field(None, description="On this customer or one of its activities.")
    activity: RecordId | None = None


class NewFile(Sent):
    """A file to upload, with its name."""

    model_config = ConfigDict(extra="forbid")

    file: bytes = Field(json_schema_extra={"type": "string", "format": "binary"})


class File(ResponseModel):
    """A file on a lead or customer, perhaps on one of its activities."""

    id: int
    version: int
    lead_id: int | None = Field(examples=[12])
    customer_id: int | None
    activity_id: int | None
    name: str = Field(examples=["Offer.pdf"])
    size: int = Field(examples=[48213], description="In bytes.")
    media_type: MediaType | None = Field(
        description="Found by its first bytes, for types that browsers can show; null for others."
    )
    created_at: Moment
    created_by_id: int | None = Field(examples=[3])
    updated_at: Moment
    updated_by_id: int | None = Field(examples=[3])
    deleted_at: Moment | None = Field(description="When it was moved to trash, where it is kept for 30 days.")


class FilePage(PageOf[File]):
    """A page of files."""
