"""How a job of the worker ended, as far as its trace has to know."""

from dataclasses import dataclass


@dataclass
class JobTrace:
    """How a job ended, as far as its trace has to know.

    :param is_idle: it said that there was nothing more to do; if it changed nothing either, nobody wants to see it
    """

    is_idle: bool = False
    has_failed: bool = False
