"""Let people in whom an identity provider vouches for."""

from dataclasses import dataclass, field

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from crm_web.auth.operations import AccountDeactivated
from crm_web.core.errors import DomainError
from crm_web.core.extensions import db
from crm_web.employees.operations import LastAdministrator, SuccessorNeeded, change_employee, create_employee
from crm_web.employees.roles import GroupRoles
from crm_web.models import Employee, EmployeeIdentity, Role, SignIn, set_audit_actor
from crm_web.records.people import find_employee_by_email
from crm_web.single_sign_on.identities import Identity, SignedOut


class NotAdmitted(DomainError):
    """The provider knows this person, but they may not use this installation."""


@dataclass(frozen=True)
class Admission:
    """Who may come in, and as what.

    :param roles: which groups of the provider give which role; who has none of them is kept out
    :param creates: whether people who are not known yet become employees
    """

    roles: GroupRoles = field(default_factory=GroupRoles)
    creates: bool = False


def admit(identity: Identity, rules: Admission) -> Employee:
    """Find the employee behind an identity, or add them, and give them the role of their groups.

    Someone is known by the provider's id of them. The first time, they are found by an email that the provider vouches
    for; from then on the email may change.

    :raise NotAdmitted: if nobody here is meant, none of their groups has a role, or they can't have that role yet
    :raise AccountDeactivated: if their account here is deactivated
    :raise EmailTaken: if somebody else took their email at this moment
    """
    role = rules.roles.choose(identity.groups)
    if rules.roles.by_group and role is None:
        raise NotAdmitted("None of your groups may use Piper CRM. Ask an admin for access.")
    employee = _find(identity) or _link(identity) or _create(identity, rules, role)
    if not employee.is_active:
        raise AccountDeactivated("Your account is deactivated. Ask an admin to reactivate it.")
    if rules.roles.by_group and role is not None and role is not employee.role:
        _change_role(employee, role)
    return employee


def _change_role(employee: Employee, role: Role) -> None:
    """Nobody comes in with rights that are over; whoever is refused can't do anything about it here."""
    try:
        change_employee(employee, {"role": role}, version=employee.version, handover=None, by=None)
    except LastAdministrator as error:
        raise NotAdmitted(
            "Your groups no longer make you an admin, and there is no other. Have your identity provider name one, who "
            "has to sign in first."
        ) from error
    except SuccessorNeeded as error:
        raise NotAdmitted(
            "Your groups no longer let you own records, and some are still yours. Ask an admin to choose a new owner."
        ) from error


def end_sign_ins(signed_out: SignedOut) -> int:
    """End the sign-ins that the provider ended.

    :return: how many
    """
    employee_id = select(EmployeeIdentity.employee_id).where(EmployeeIdentity.issuer == signed_out.issuer)
    if signed_out.subject is not None:
        employee_id = employee_id.where(EmployeeIdentity.subject == signed_out.subject)
    is_meant = SignIn.created_at <= func.to_timestamp(signed_out.latest)
    ended = update(SignIn).where(SignIn.employee_id.in_(employee_id), SignIn.ended_at.is_(None), is_meant)
    if signed_out.session is not None:
        ended = ended.where(SignIn.provider_session == signed_out.session)
    rows = db.session.execute(ended.values(ended_at=func.now()).returning(SignIn.id))
    return len(rows.all())


def _find(identity: Identity) -> Employee | None:
    return db.session.scalar(
        select(Employee)
        .join(EmployeeIdentity, EmployeeIdentity.employee_id == Employee.id)
        .where(EmployeeIdentity.issuer == identity.issuer, EmployeeIdentity.subject == identity.subject)
    )


def _link(identity: Identity) -> Employee | None:
    """Link an identity to the employee with its email."""
    if identity.email is None:
        return None
    employee = find_employee_by_email(identity.email)
    if employee is not None and not _keep(identity, employee):
        # The address was given to somebody else at the provider: whose records are here is not theirs.
        raise NotAdmitted("Your email belongs to someone else here. Ask an admin to change one of the accounts.")
    return employee


def _create(identity: Identity, rules: Admission, role: Role | None) -> Employee:
    if identity.email is None or not rules.creates or role is None:
        raise NotAdmitted("You don’t have an account in Piper CRM yet. Ask an admin to add you.")
    values = {"name": identity.name, "email": identity.email, "role": role}
    employee = create_employee(values, password=None, by=None)
    _keep(identity, employee)
    return employee


def _keep(identity: Identity, employee: Employee) -> bool:
    """Save the identity of an employee; false if they have another one of the same provider."""
    set_audit_actor(None)
    kept = insert(EmployeeIdentity).values(employee_id=employee.id, issuer=identity.issuer, subject=identity.subject)
    db.session.execute(kept.on_conflict_do_nothing())
    return _find(identity) is employee
