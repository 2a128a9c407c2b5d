"""Employees, their sessions, and the throttle on failed sign-ins."""

from enum import StrEnum
from typing import ClassVar

from sqlalchemy import BigInteger, Computed, ForeignKey, Index, LargeBinary, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm_web.models.base import Base, Email, EnumText, Id, Recorded, Text50, Text300, Timestamp


class Role(StrEnum):
    """What an employee may do, from least to most."""

    VIEWER = "viewer"
    SALES = "sales"
    MANAGER = "manager"
    ADMIN = "admin"

    @property
    def label(self) -> str:
        return self.value.capitalize()

    @property
    def sells(self) -> bool:
        """Whether this role may own leads and customers."""
        return self is not Role.VIEWER


class Theme(StrEnum):
    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


class StartPage(StrEnum):
    """The page that somebody starts from."""

    TODAY = "today"
    DASHBOARD = "dashboard"
    LEADS = "leads"
    BOARD = "board"

    @property
    def label(self) -> str:
        return self.value.capitalize()


class SignInMethod(StrEnum):
    """How somebody proved who they are; ``APP`` and ``RECOVERY_CODE`` stand for a password and a second factor."""

    PASSWORD = "password"  # noqa: S105
    LINK = "link"
    APP = "app"
    RECOVERY_CODE = "recovery_code"
    PASSKEY = "passkey"
    PROVIDER = "provider"
    PROXY = "proxy"

    @property
    def is_one_factor(self) -> bool:
        """Whether this proves one factor only. What a provider or a proxy asks for is for them to decide."""
        return self in (SignInMethod.PASSWORD, SignInMethod.LINK)

    @property
    def label(self) -> str:
        return _METHOD_LABELS.get(self, self.value.replace("_", " ").capitalize())


_METHOD_LABELS = {
    SignInMethod.LINK: "Password link",
    SignInMethod.APP: "App code",
    SignInMethod.PROVIDER: "Single sign-on",
}


class Employee(Recorded, Base):
    """An employee; never deleted, only deactivated, so that history keeps their name."""

    __tablename__ = "employees"
    __table_args__ = (
        # With a condition, the column is no key: else each update would lock the row as if its key changed.
        Index(
            "uq_employees_email_normalised",
            "email_normalised",
            unique=True,
            postgresql_where=text("email_normalised IS NOT NULL"),
        ),
    )

    # Flask-Login asks this of whoever a request belongs to; nobody in particular has it False.
    is_authenticated: ClassVar[bool] = True

    id: Mapped[Id]
    name: Mapped[Text300]
    email: Mapped[Email]
    email_normalised: Mapped[str] = mapped_column(Text, Computed("lower(email)", persisted=True))
    role: Mapped[Role] = mapped_column(EnumText(Role))
    job_title: Mapped[Text300 | None]
    phone: Mapped[Text50 | None]
    phone_e164: Mapped[Text50 | None]
    time_zone: Mapped[Text50] = mapped_column(server_default="UTC")
    locale: Mapped[Text50] = mapped_column(server_default="en")
    theme: Mapped[Theme] = mapped_column(EnumText(Theme), server_default="system")
    uses_keys: Mapped[bool] = mapped_column(server_default=text("true"))
    chosen_start_page: Mapped[StartPage | None] = mapped_column(EnumText(StartPage))
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    manager_id: Mapped[int | None] = mapped_column(ForeignKey("employees.id", ondelete="RESTRICT"), index=True)
    password_hash: Mapped[str | None] = mapped_column(Text)
    must_change_password: Mapped[bool] = mapped_column(server_default=text("false"))
    has_second_factor: Mapped[bool] = mapped_column(server_default=text("false"))

    sort_name: Mapped[str] = mapped_column(
        Text(collation="C"), Computed("crm_fold(name)", persisted=True), deferred=True
    )
    search_text: Mapped[str] = mapped_column(
        Text,
        Computed(
            "crm_fold(name || ' ' || email || ' ' || coalesce(job_title, '')"
            " || ' ' || coalesce(phone_e164, phone, ''))",
            persisted=True,
        ),
        deferred=True,
    )

    manager: Mapped["Employee | None"] = relationship(foreign_keys=manager_id, remote_side=lambda: Employee.id)

    @property
    def region(self) -> str | None:
        """The country in the locale, such as AT in ``de_AT``; ``None`` if it has none."""
        _, separator, territory = self.locale.rpartition("_")
        return territory if separator and len(territory) == 2 else None

    @property
    def start_page(self) -> StartPage:
        """Who sells starts from their day, everybody else from the dashboard, unless they chose another page."""
        return self.chosen_start_page or (StartPage.TODAY if self.role is Role.SALES else StartPage.DASHBOARD)

    @property
    def can_own(self) -> bool:
        """Whether this person may own leads and customers today."""
        return self.is_active and self.role.sells


class SignIn(Base):
    """A session that the server can list and end; the cookie holds the token, the table only its hash."""

    __tablename__ = "sign_ins"
    __table_args__ = (Index("ix_sign_ins_created_at", "created_at", "id"),)

    id: Mapped[Id]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    employee_id: Mapped[int] = mapped_column(ForeignKey("employees.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[Timestamp] = mapped_column(server_default=text("now()"))
    last_seen_at: Mapped[Timestamp] = mapped_column(server_default=text("now()"))
    expires_at: Mapped[Timestamp]
    ended_at: Mapped[Timestamp | None]
    remote_address: Mapped[Text50 | None]
    user_agent: Mapped[Text300 | None]
    provider_session: Mapped[Text300 | None]
    method: Mapped[SignInMethod | None] = mapped_column(EnumText(SignInMethod))
    awaits_factor: Mapped[bool] = mapped_column(server_default=text("false"))
    """Whether the second factor is still to be shown: until then it lets nobody in."""
    is_new_device: Mapped[bool] = mapped_column(server_default=text("false"))
    """Whether this person signed in before, but never with this browser."""

    employee: Mapped[Employee] = relationship()


class EmployeeIdentity(Base):
    """Whom an identity provider means by one of its ids."""

    __tablename__ = "employee_identities"
    __table_args__ = (UniqueConstraint("issuer", "subject"), UniqueConstraint("employee_id", "issuer"))

    id: Mapped[Id]
    employee_id: Mapped[int] = mapped_column(ForeignKey("employees.id", ondelete="CASCADE"))
    issuer: Mapped[Text300]
    subject: Mapped[Text300]
    created_at: Mapped[Timestamp] = mapped_column(server_default=text("now()"))


class SignInFailures(Base):
    """Recent failed sign-ins per account and per IP address, across all instances."""

    __tablename__ = "sign_in_failures"

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    count: Mapped[int] = mapped_column(BigInteger)
    first_at: Mapped[Timestamp] = mapped_column(server_default=text("now()"))
