"""How records are called in other systems, so that the next file from there finds them again."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from crm_web.models.base import Base, Id, Text300, index_values
from crm_web.models.change import TransactionId

_RECORDS = ("customer_id", "contact_id", "activity_id")


class ExternalId(Base):
    """An ID that a customer, contact or activity has in another system; a record can have one in each.

    A lead has its own in its columns.

    :param xact: the transaction that added it, by which the undo of an import knows its own
    """

    __tablename__ = "external_ids"
    __table_args__ = (
        CheckConstraint(f"num_nonnulls({', '.join(_RECORDS)}) = 1", name="of_one_record"),
        *(
            Index(
                f"uq_external_ids_{name.removesuffix('_id')}",
                "external_id",
                "system",
                unique=True,
                postgresql_where=text(f"{name} IS NOT NULL"),
            )
            for name in _RECORDS
        ),
        *(index_values(f"ix_external_ids_{name}", name) for name in _RECORDS),
        Index("ix_external_ids_xact", "xact"),
    )

    id: Mapped[Id]
    system: Mapped[Text300]
    external_id: Mapped[Text300]
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customers.id", ondelete="CASCADE"))
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id", ondelete="CASCADE"))
    activity_id: Mapped[int | None] = mapped_column(ForeignKey("activities.id", ondelete="CASCADE"))
    xact: Mapped[int] = mapped_column(TransactionId, server_default=text("crm_xact()"), deferred=True)
