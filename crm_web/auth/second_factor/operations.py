"""Setting up a second factor, checking its codes, and removing it."""

import base64
import logging
import re
import secrets
from hmac import compare_digest

import pyotp
from sqlalchemy import Integer, cast, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from crm_web.auth.operations import end_sign_ins
from crm_web.auth.queries import hash_token
from crm_web.auth.throttle import clear_count, count_within
from crm_web.core.errors import DomainError
from crm_web.core.extensions import db
from crm_web.core.sealing import WrongKey, keep, read
from crm_web.models import Authenticator, Employee, Passkey, RecoveryCode, SignIn, SignInMethod, set_audit_actor
from crm_web.records.operations import lock

ATTEMPTS = 5
PERIOD = 30
CODES = 10
CODE_BYTES = 10
log = logging.getLogger(__name__)


class WrongCode(DomainError):
    """The code is wrong, too old, or was used before."""


def count_attempt(employee: Employee) -> None:
    """Count an attempt to enter a code. Commit before checking it, so that parallel attempts can't slip through.

    :raise TooManyAttempts: if there were too many in the last 15 minutes
    """
    lost = "If you lost your app and your recovery codes, ask an admin to remove your second factor."
    count_within({_count_of(employee): ATTEMPTS}, advice=lost)


def make_secret() -> str:
    """Return a new secret for an app."""
    return pyotp.random_base32()


def set_up(employee: Employee, secret: str, code: str, *, sign_in_id: int) -> list[str]:
    """Make an app somebody's second factor, in place of an earlier one, and sign them out everywhere else.

    :param code: what the app shows, which proves that it knows the secret
    :param sign_in_id: the session that stays, which counts as signed in with the app from now on
    :return: new recovery codes, of which the database keeps only hashes
    :raise WrongCode: if the app shows another code
    """
    step = _find_step(secret, _normalize(code), after=0)
    if step is None:
        raise WrongCode(
            "This code is wrong. Check that the clock of your phone is right, then enter the next one.", "code"
        )
    set_audit_actor(employee)
    lock(employee)
    app = keep(secret) | {"last_step": step}
    adding = insert(Authenticator).values(employee_id=employee.id, **app)
    db.session.execute(adding.on_conflict_do_update(index_elements=["employee_id"], set_=app))
    return turn_on(employee, SignInMethod.APP, sign_in_id=sign_in_id)


def turn_on(employee: Employee, method: SignInMethod, *, sign_in_id: int) -> list[str]:
    """Ask somebody for a second factor from now on, and sign them out everywhere else.

    :param method: the factor that they have shown
    :param sign_in_id: the session that stays, which counts as signed in with it from now on
    :return: new recovery codes, of which the database keeps only hashes
    """
    employee.has_second_factor = True
    end_sign_ins(employee, keep=sign_in_id)
    db.session.execute(update(SignIn).where(SignIn.id == sign_in_id).values(method=method))
    db.session.flush()
    return renew_codes(employee)


def renew_codes(employee: Employee) -> list[str]:
    """Replace somebody's recovery codes.

    :return: the new ones, of which the database keeps only hashes
    """
    codes = [base64.b32encode(secrets.token_bytes(CODE_BYTES)).decode().lower() for _ in range(CODES)]
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.employee_id == employee.id))
    rows = [{"employee_id": employee.id, "code_hash": hash_token(code)} for code in codes]
    db.session.execute(insert(RecoveryCode), rows)
    return ["-".join(re.findall("....", code)) for code in codes]


def use_code(employee: Employee, typed: str) -> SignInMethod:
    """Check a code of somebody's app, or a recovery code. Each works once.

    Count it with ``count_attempt`` first; a right one resets the count.

    :return: which of the two it was
    :raise WrongCode: if it is neither, or was used before
    """
    code = _normalize(typed)
    if _use_app_code(employee, code):
        method = SignInMethod.APP
    elif _use_recovery_code(employee, code):
        method = SignInMethod.RECOVERY_CODE
    else:
        raise WrongCode("This code is wrong or was used before. Enter the next one that your app shows.", "code")
    clear_count(_count_of(employee))
    return method


def remove_factor(employee: Employee, *, by: Employee | None, keep: int | None = None) -> None:
    """Remove somebody's app, passkeys and recovery codes, and end their sessions; does nothing if there are none.

    :param by: the employee who removes it; ``None`` for the system
    :param keep: the id of a session that stays signed in
    """
    set_audit_actor(by)
    lock(employee)
    if not employee.has_second_factor:
        return
    for factor in (Authenticator, Passkey, RecoveryCode):
        db.session.execute(delete(factor).where(factor.employee_id == employee.id))
    employee.has_second_factor = False
    end_sign_ins(employee, keep=keep)
    db.session.flush()


def _count_of(employee: Employee) -> str:
    return f"factor:{employee.id}"


def _normalize(code: str) -> str:
    return re.sub(r"[\s-]", "", code).lower()


def _find_step(secret: str, code: str, *, after: int) -> int | None:
    """Find the period whose code this is: the present one or one beside it, by the clock of the database.

    :param after: the period that was used last
    """
    now = db.session.scalar(select(cast(func.floor(func.extract("epoch", func.now()) / PERIOD), Integer))) or 0
    app = pyotp.HOTP(secret)
    steps = [step for step in (now - 1, now, now + 1) if step > after]
    return next((step for step in steps if compare_digest(app.at(step).encode(), code.encode(errors="replace"))), None)


def _use_app_code(employee: Employee, code: str) -> bool:
    app = db.session.get(Authenticator, employee.id)
    try:
        step = _find_step(read(app).decode(), code, after=app.last_step) if app else None
    except WrongKey as error:
        # A recovery code still lets them in.
        log.warning("the authenticator app of employee %s can't be checked: %s", employee.id, error)
        return False
    if step is None:
        return False
    # Of two requests with the same code only the first finds the period unused.
    used = update(Authenticator).where(Authenticator.employee_id == employee.id, Authenticator.last_step < step)
    return db.session.execute(used.values(last_step=step).returning(Authenticator.employee_id)).first() is not None


def _use_recovery_code(employee: Employee, code: str) -> bool:
    used = delete(RecoveryCode).where(
        RecoveryCode.employee_id == employee.id, RecoveryCode.code_hash == hash_token(code)
    )
    return db.session.execute(used.returning(RecoveryCode.id)).first() is not None
