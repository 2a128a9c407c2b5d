"""Which state a table that hardly ever changes is in, so that what was read from it can be kept."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Mapped, mapped_column

from crm_web.models.base import Base, Text50


class TableVersion(Base):
    """The version of a table: a trigger sets another one with each statement that changes the table.

    It is random, so that a version of a transaction that was rolled back never comes back for another state.
    """

    __tablename__ = "table_versions"

    name: Mapped[Text50] = mapped_column(primary_key=True)
    version: Mapped[UUID] = mapped_column(server_default=text("gen_random_uuid()"))
