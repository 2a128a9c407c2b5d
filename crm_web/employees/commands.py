"""`flask employees`: create the first administrator, and help people who are locked out."""

import sys
from typing import Any

import click
from flask.cli import AppGroup

from crm_web.auth.operations import set_password
from crm_web.auth.second_factor.operations import remove_factor
from crm_web.core.errors import DomainError
from crm_web.core.extensions import db
from crm_web.employees import operations
from crm_web.models import Employee, Role, limit_of
from crm_web.records import people
from crm_web.records.parsing import read_email, read_text

employees = AppGroup("employees", help="Manage the people who can sign in.")
password_from_stdin = click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")


@employees.command("create-admin")
@click.option("--name", prompt=True, help="The person's name.")
@click.option("--email", prompt="Email", help="The email to sign in with.")
@password_from_stdin
def create_admin(name: str, email: str, password_stdin: bool) -> None:
    """Add an admin, such as the first one."""
    values = {
        "name": _read("name", read_text, name.strip(), limit_of(Employee.name)),
        "email": _read("email", read_email, email),
        "role": Role.ADMIN,
    }
    if not values["name"]:
        raise click.ClickException("Enter a name.")
    employee = operations.create_employee(values, password=_ask_password(password_stdin), by=None)
    db.session.commit()
    click.echo(f"{employee.name} can now sign in as {employee.email} and add colleagues under Employees.")


@employees.command("list")
def list_all() -> None:
    """List all employees, active ones first."""
    for person in people.list_people():
        state = "" if person.is_active else "  (deactivated)"
        click.echo(f"{person.role.value:<8} {person.email}  {person.name}{state}")


@employees.command("set-password")
@click.argument("email")
@password_from_stdin
def set_new_password(email: str, password_stdin: bool) -> None:
    """Set a new password for an employee."""
    employee = _get_employee(email)
    set_password(employee, _ask_password(password_stdin), by=None)
    db.session.commit()
    click.echo(f"{employee.name} has a new password and was signed out everywhere.")


@employees.command("remove-second-factor")
@click.argument("email")
def remove_second_factor(email: str) -> None:
    """Let an employee who lost their app and recovery codes sign in with the password alone."""
    employee = _get_employee(email)
    remove_factor(employee, by=None)
    db.session.commit()
    click.echo(f"{employee.name} was signed out everywhere and can set up a new second factor.")


@employees.command("deactivate")
@click.argument("email")
@click.option("--hand-over-to", metavar="EMAIL", help="The new owner of their leads, customers and open tasks.")
@click.option("--hand-over-to-nobody", is_flag=True, help="Leave their leads, customers and open tasks unassigned.")
def deactivate(email: str, hand_over_to: str | None, hand_over_to_nobody: bool) -> None:
    """Deactivate an employee."""
    employee = _get_employee(email)
    decided = hand_over_to or hand_over_to_nobody
    handover = operations.Handover(_get_employee(hand_over_to) if hand_over_to else None) if decided else None
    try:
        given = operations.deactivate(employee, handover=handover, by=None)
    except operations.SuccessorNeeded as error:
        raise DomainError(f"{error.message} Use --hand-over-to or --hand-over-to-nobody.") from error
    db.session.commit()
    click.echo(f"{employee.name} can no longer sign in. Transferred: {given.in_words()}.")


def _get_employee(email: str) -> Employee:
    employee = people.find_employee_by_email(email)
    if employee is None:
        raise click.ClickException(f"No employee has the email {email}. `flask employees list` shows all.")
    return employee


def _ask_password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))


def _read(label: str, reader: Any, *typed: Any) -> Any:
    try:
        return reader(*typed)
    except ValueError as error:
        raise click.ClickException(f"The {label}: {error}") from error
