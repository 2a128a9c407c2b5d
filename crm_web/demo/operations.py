"""Fill an empty database with a company that looks lived in."""

from collections.abc import Callable

from sqlalchemy import exists, select

from crm_web.errors import DomainError
from crm_web.extensions import db
from crm_web.models import Employee


class DatabaseNotEmpty(DomainError):
    """The demo only goes into a database that nobody uses yet."""


def load_demo(*, progress: Callable[[str], object]) -> None:
    """
    Fill an empty database with the demo company.

    :param progress: told in a line what was filled
    :raise DatabaseNotEmpty: where there are employees already
    """
    if db.session.scalar(select(exists().where(Employee.id.is_not(None)))):
        raise DatabaseNotEmpty(
            "There are people in this database already; the demo only goes into an empty one."
        )
    progress("Filling the demo company …")
