"""Counts of attempts, such as to sign in, across all instances: who makes too many has to wait."""

import math
from collections.abc import Sequence
from datetime import timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from sqlalchemy import case, delete, func, update
from sqlalchemy.dialects.postgresql import insert

from crm_web.core.errors import DomainError
from crm_web.core.extensions import db
from crm_web.models import SignInFailures

WINDOW = timedelta(minutes=15)


class TooManyAttempts(DomainError):
    """Too many attempts to sign in or to get a link: the next one has to wait for ``wait``."""

    def __init__(self, wait: timedelta, advice: str = "") -> None:
        self.seconds = max(1, math.ceil(wait.total_seconds()))
        minutes = math.ceil(self.seconds / 60)
        unit = "minute" if minutes == 1 else "minutes"
        super().__init__(f"Too many attempts. Wait {minutes} {unit}, then try again. {advice}".strip())


def network_of(remote_address: str | None) -> str:
    """Return the network that an IP address counts for: one IPv6 connection has millions of addresses, so its /64."""
    try:
        address = ip_address(remote_address or "")
    except ValueError:
        return "unknown"
    if not isinstance(address, IPv6Address):
        return str(address)
    return str(address.ipv4_mapped or ip_network((address, 64), strict=False))


def count_within(limits: dict[str, int], *, advice: str = "") -> None:
    """Count an attempt.

    :param limits: keys of counts to how many attempts each allows in 15 minutes
    :param advice: what else somebody who has to wait can do
    :raise TooManyAttempts: if one of them is over its limit
    """
    keys = sorted(limits)
    counts = zip(keys, count_each(keys), strict=True)
    if waits := [wait for key, (attempts, wait) in counts if attempts > limits[key]]:
        raise TooManyAttempts(max(waits), advice)


def clear_count(key: str) -> None:
    """Forget the attempts of a count."""
    db.session.execute(delete(SignInFailures).where(SignInFailures.key == key))


def count_each(keys: Sequence[str]) -> list[tuple[int, timedelta]]:
    """Add one to each count; an expired count starts again. The keys are sorted to avoid deadlocks."""
    is_old = SignInFailures.first_at <= func.now() - WINDOW
    adding = insert(SignInFailures).values([{"key": key, "count": 1} for key in keys])
    counting = adding.on_conflict_do_update(
        index_elements=[SignInFailures.key],
        set_={
            "count": case((is_old, 1), else_=SignInFailures.count + 1),
            "first_at": case((is_old, func.now()), else_=SignInFailures.first_at),
        },
    )
    wait = (SignInFailures.first_at + WINDOW - func.now()).label("wait")
    counted = counting.returning(SignInFailures.key, SignInFailures.count.label("tries"), wait)
    found = {row.key: (row.tries, row.wait) for row in db.session.execute(counted)}
    return [found[key] for key in keys]


def lower_count(key: str | None) -> None:
    """Lower a count by one attempt."""
    lower = update(SignInFailures).where(SignInFailures.key == key)
    db.session.execute(lower.values(count=SignInFailures.count - 1), execution_options={"synchronize_session": False})
