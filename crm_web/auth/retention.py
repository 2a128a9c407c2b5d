"""Deleting expired sessions, failed sign-ins, links, challenges and drafts."""

from datetime import timedelta

from sqlalchemy import func

from crm_web.auth.drafts.queries import KEPT_FOR as DRAFTS_KEPT
from crm_web.auth.throttle import WINDOW
from crm_web.models import Draft, PasskeyChallenge, PasswordLink, SignIn, SignInFailures
from crm_web.records.retention import delete_portion

SIGN_INS_KEPT = timedelta(days=30)


def delete_expired_sign_ins() -> bool:
    """Delete some sessions that ended long ago; returns whether there may be more."""
    return delete_portion(SignIn, SignIn.expires_at < func.now() - SIGN_INS_KEPT)


def delete_expired_failures() -> bool:
    """Delete some failed sign-ins that no longer count; returns whether there may be more."""
    return delete_portion(SignInFailures, SignInFailures.first_at <= func.now() - WINDOW)


def delete_expired_links() -> bool:
    """Delete some links for passwords that no longer work; returns whether there may be more."""
    return delete_portion(PasswordLink, PasswordLink.expires_at <= func.now())


def delete_expired_challenges() -> bool:
    """Delete some challenges for passkeys that nobody answered; returns whether there may be more."""
    return delete_portion(PasskeyChallenge, PasskeyChallenge.expires_at <= func.now())


def delete_expired_drafts() -> bool:
    """Delete some expired drafts; returns whether there may be more."""
    return delete_portion(Draft, Draft.created_at <= func.now() - DRAFTS_KEPT)
