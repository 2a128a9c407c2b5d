"""The words that names are made of, so that a mistyped one is understood."""

from sqlalchemy import Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from crm_web.models.base import Base, Id


class KnownWord(Base):
    """
    A folded word of some record's name; triggers learn it, and nothing says whose it is.

    A word that two people bring in at once may stand twice: were it unique, one would wait for the other's import.
    """

    __tablename__ = "known_words"
    __table_args__ = (
        Index("ix_known_words_word", "word"),
        Index("ix_known_words_slips", text("crm_slips(word)"), postgresql_using="gin"),
    )

    id: Mapped[Id]
    word: Mapped[str] = mapped_column(Text(collation="C"), info={"limit": 50})
