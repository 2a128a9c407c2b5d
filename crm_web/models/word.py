"""The vocabulary of names, for finding mistyped ones."""

from sqlalchemy import Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from crm_web.models.base import Base, Id


class KnownWord(Base):
    """A folded word that occurs in some record's name; triggers add it.

    Two writers may add the same word: a unique constraint would make one wait for the other's import.
    """

    __tablename__ = "known_words"
    __table_args__ = (
        Index("ix_known_words_word", "word"),
        Index("ix_known_words_slips", text("crm_slips(word)"), postgresql_using="gin"),
    )

    id: Mapped[Id]
    word: Mapped[str] = mapped_column(Text(collation="C"), info={"limit": 50})
