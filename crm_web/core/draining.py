"""Whether this process is leaving service, which the load balancer learns at ``/readyz``."""

from threading import Event

begun = Event()
"""Set once, when the process is told to stop."""
