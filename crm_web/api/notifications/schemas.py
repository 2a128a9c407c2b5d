"""What of notifications goes in and out of the API."""

from typing import Annotated

from pydantic import Field

from crm_web.api.field_types import RecordId, among
from crm_web.api.schemas import PageOf, PageQuery, Sent
from crm_web.models import NotificationKind
from crm_web.web.schemas import Moment, ResponseModel


class NotificationQuery(PageQuery):
    """The filters of notifications."""

    state: Annotated[str, Field(pattern=among(("read", "unread")), description="Only these.")] | None = None


class ReadNotifications(Sent):
    """Which notifications were read."""

    until: RecordId = Field(description="The id of the newest notification that you showed. Later ones stay unread.")


class Notification(ResponseModel):
    """Something that you are notified of."""

    id: int
    kind: NotificationKind
    entity: str = Field(examples=["lead"], description="The kind of record that it is about, or import or sign_in.")
    entity_id: int = Field(description="The id of the record; of several, of the first.")
    count: int = Field(examples=[1], description="How many records it is about.")
    actor_id: int | None = Field(examples=[3], description="Who did it; null for the system.")
    created_at: Moment
    read_at: Moment | None


class NotificationPage(PageOf[Notification]):
    """A page of notifications, newest first."""


class MarkedRead(ResponseModel):
    """What was marked as read."""

    count: int = Field(examples=[3], description="How many of them were unread.")
