"""Make what is there before the fork immortal, so that workers don't write to it only because they use it.

Each time that code uses an object, the interpreter writes into it how many references there are. A worker that writes
to memory which it shares gets a copy of that page, so that in the end each has most of the application to itself. From
Python 3.12 on, objects such as ``None`` are immortal: they are never freed, and references to them are not counted
(PEP 683). Whatever has the number that ``None`` has is treated so.
"""

import ctypes
import gc
import platform
import sys
import sysconfig
from types import CodeType

LEAST_MARK = 1 << 31
"""A number of references below this is really counted."""


def make_immortal() -> int:
    """Make all objects immortal that the garbage collector knows, with all that they refer to.

    Call it while only one thread runs, and when nothing is left that should be freed one day.

    :return: how many objects; 0 where the interpreter has no immortal objects, or has them in another way
    """
    mark = _read_mark()
    if not mark:
        return 0
    objects = _list_objects()
    for address in objects:
        ctypes.c_uint32.from_address(address).value = mark
    return len(objects)


def _read_mark() -> int:
    """What immortal objects have in place of a count; 0 if there is no such thing."""
    is_known = platform.python_implementation() == "CPython" and sys.maxsize > 1 << 32 and sys.byteorder == "little"
    # Without the global lock, and where objects are traced, they begin with something else.
    is_unusual = sysconfig.get_config_var("Py_GIL_DISABLED") or hasattr(sys, "getobjects")
    if not is_known or is_unusual:
        return 0
    # Before Python 3.12 it is a count like any other.
    mark = ctypes.c_uint32.from_address(id(None)).value
    return mark if mark >= LEAST_MARK else 0


def _list_objects() -> dict[int, object]:
    """All objects by their addresses, none of which is of this module's making."""
    fresh = _by_address(gc.get_objects())
    found: dict[int, object] = {}
    while fresh:
        found |= fresh
        referents = gc.get_referents(*fresh.values())
        for each in fresh.values():
            # The collector does not look into code, since no circle leads through it.
            if type(each) is CodeType:
                referents += (each.co_consts, each.co_names, each.co_name, each.co_qualname, each.co_filename)
                referents += (each.co_linetable, each.co_exceptiontable)
        fresh = {address: each for address, each in _by_address(referents).items() if address not in found}
    return found


def _by_address(objects: list[object]) -> dict[int, object]:
    return dict(zip(map(id, objects), objects, strict=True))
