"""What tables share: typed columns, length and enum checks, and the columns that triggers fill."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Dialect,
    FetchedValue,
    ForeignKey,
    Identity,
    Index,
    Table,
    Text,
    TypeDecorator,
    event,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column

from crm_web.core.extensions import metadata


class Base(DeclarativeBase):
    """Base of all models, with the metadata for Flask-SQLAlchemy and Alembic."""

    metadata = metadata


class EnumText(TypeDecorator[StrEnum]):
    """A text column for an enum, with a CHECK on its values.

    :param unstored: a value that no row holds, because it is said from other columns
    """

    impl = Text
    cache_ok = True

    def __init__(self, words: type[StrEnum], *, unstored: StrEnum | None = None) -> None:
        super().__init__()
        self.words = words
        self.unstored = unstored

    @property
    def python_type(self) -> type[StrEnum]:
        return self.words

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else self.words(value).value

    def process_result_value(self, value: Any, dialect: Dialect) -> StrEnum | None:
        return None if value is None else self.words(value)


Id = Annotated[int, mapped_column(BigInteger, Identity(always=True), primary_key=True)]
Text50 = Annotated[str, mapped_column(Text, info={"limit": 50})]
Text300 = Annotated[str, mapped_column(Text, info={"limit": 300})]
Email = Annotated[str, mapped_column(Text, info={"limit": 254})]
Url = Annotated[str, mapped_column(Text, info={"limit": 500})]
LongText = Annotated[str, mapped_column(Text, info={"limit": 20_000})]
Country = Annotated[str, mapped_column(Text, info={"codes": "countries"})]
Currency = Annotated[str, mapped_column(Text, info={"codes": "currencies"})]
Timestamp = Annotated[datetime, mapped_column(DateTime(timezone=True))]


@event.listens_for(Column, "after_parent_attach")
def _add_check(column: Column[Any], table: Any) -> None:
    """Add the CHECK for a column's length or values."""
    if not isinstance(table, Table):
        return
    if "limit" in column.info:
        condition = f"char_length({column.name}) <= {column.info['limit']}"
        table.append_constraint(CheckConstraint(condition, name=f"{column.name}_length"))
    if "codes" in column.info:
        table.append_constraint(
            CheckConstraint(_is_code(column.name, column.info["codes"]), name=f"{column.name}_known")
        )
    if isinstance(column.type, EnumText):
        words = ", ".join(f"'{word.value}'" for word in column.type.words if word is not column.type.unstored)
        table.append_constraint(CheckConstraint(f"{column.name} IN ({words})", name=f"{column.name}_known"))


def _is_code(name: str, kind: str) -> str:
    from crm_web.models.codes import COUNTRIES, CURRENCIES

    codes = sorted(COUNTRIES if kind == "countries" else CURRENCIES)
    # Each statement reads its CHECKs anew, which takes ten times as long for a list of 250 texts as for one long text.
    width = len(codes[0])
    return f"char_length({name}) = {width} AND strpos('{' '.join(codes)}', {name}) % {width + 1} = 1"


def limit_of(attribute: Any) -> int:
    """Return the maximum length of a text column, such as ``Lead.last_name``."""
    return int(attribute.property.columns[0].info["limit"])


def index_values(name: str, column: str) -> Index:
    """Declare an index that finds rows by a value; those without one write nothing into it."""
    return Index(name, column, postgresql_where=text(f"{column} IS NOT NULL"))


def signs_index(table: str) -> Index:
    """Build the index on words in scripts beyond ASCII, for servers whose trigrams ignore them.

    It covers only the rows that have such letters.

    :param table: with a ``search_text``
    """
    return Index(
        f"ix_{table}_signs",
        text("crm_signs(search_text)"),
        postgresql_using="gin",
        postgresql_where=text("octet_length(search_text) > char_length(search_text)"),
    )


ACTOR = "nullif(current_setting('crm.actor_id', true), '')::bigint"


class Recorded:
    """Who created and who last updated a row, and its version: filled by triggers for every writer."""

    created_at: Mapped[Timestamp] = mapped_column(server_default=text("now()"))
    updated_at: Mapped[Timestamp] = mapped_column(server_default=text("now()"), server_onupdate=FetchedValue())
    version: Mapped[int] = mapped_column(server_default=text("1"), server_onupdate=FetchedValue())

    @declared_attr
    def created_by_id(cls) -> Mapped[int | None]:
        return mapped_column(ForeignKey("employees.id", ondelete="RESTRICT"), server_default=text(ACTOR))

    @declared_attr
    def updated_by_id(cls) -> Mapped[int | None]:
        return mapped_column(
            ForeignKey("employees.id", ondelete="RESTRICT"),
            server_default=text(ACTOR),
            server_onupdate=FetchedValue(),
        )

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:
        return {"version_id_col": cls.version, "version_id_generator": False, "eager_defaults": True}


class Trashable:
    """A row that can be moved to the trash."""

    deleted_at: Mapped[Timestamp | None]

    @declared_attr
    def deleted_by_id(cls) -> Mapped[int | None]:
        return mapped_column(ForeignKey("employees.id", ondelete="RESTRICT"))

    @property
    def is_in_trash(self) -> bool:
        return self.deleted_at is not None


class Mergeable(Trashable):
    """A row that can be merged into another one of its table; it stays in the trash then, which can be undone."""

    @declared_attr
    def merged_into_id(cls) -> Mapped[int | None]:
        return mapped_column(ForeignKey(f"{cls.__tablename__}.id", ondelete="RESTRICT"))  # type: ignore[attr-defined]


def merge_constraints(table: str) -> tuple[Any, ...]:
    """Build what holds for the column ``merged_into_id`` of a table."""
    return (
        CheckConstraint("merged_into_id IS NULL OR deleted_at IS NOT NULL", name="merged_is_in_trash"),
        CheckConstraint("merged_into_id <> id", name="not_merged_into_itself"),
        index_values(f"ix_{table}_merged_into_id", "merged_into_id"),
    )
