"""Notes which lines and branches of the product run, in this process and in each Python that it starts.

Python imports this module by its name at every start, since ``tests.measuring.plugin`` puts its folder into
``PYTHONPATH``. SlipCover marks the bytecode of what is imported and takes each mark away once it was passed, so that
what runs often runs as quickly as ever; to trace each line would take twice the time.
"""

import ast
import atexit
import hashlib
import json
import marshal
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, cast

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ROOT / "crm_web"
FOLDER = os.environ.get("COVERAGE_FOLDER", "")
"""Where each process notes what ran; measured is only where this is given."""
COMPILED = ROOT / "var" / "measured"
ROOMS = tuple(f"{room}." for room in os.environ.get("COVERAGE_ROOMS", "crm_web").split(","))
"""The packages to mark, which takes 10 ms a file."""


@cache
def open_notes() -> Any:
    """Begin to measure this process; what it has run is noted at its end."""
    # Not sooner: most programs in Python import nothing of the product.
    from slipcover import Slipcover

    atexit.register(note)
    leave = os._exit

    def note_and_leave(status: int) -> None:
        note()
        leave(status)

    vars(os)["_exit"] = note_and_leave
    is_whole = ROOMS == ("crm_web.",)
    return Slipcover(
        immediate=True,
        branch=True,
        # What was never imported counts as well, once.
        source=[str(PRODUCT)] if is_whole else None,
        exclude_also=["if TYPE_CHECKING:", r": \.\.\.$"],
    )


def note() -> None:
    """Write down what this process has run by now."""
    if open_notes.cache_info().currsize:
        notes = Path(FOLDER) / f"{os.getpid()}.json"
        unfinished = notes.with_suffix(".unfinished")
        unfinished.write_text(json.dumps(open_notes().get_coverage()))
        unfinished.replace(notes)


class MarkingLoader(SourceFileLoader):
    """Loads a module with marks in it."""

    def get_code(self, fullname: str) -> CodeType:
        """Mark its code each time, since marks can't be kept in a file."""
        path = self.get_filename(fullname)
        code: CodeType = open_notes().instrument(self._compile_branches(fullname, path))
        return code

    def _compile_branches(self, fullname: str, path: str) -> CodeType:
        """Compile it with a place for the mark of each branch, which is half of the work, once for all processes."""
        source = self.get_data(path)
        made_of = hashlib.sha256(b"\0".join((source, path.encode(), sys.version.encode()))).digest()
        kept = COMPILED / fullname
        with suppress(OSError):
            found = kept.read_bytes()
            if found.startswith(made_of):
                return cast(CodeType, marshal.loads(found[len(made_of) :]))  # noqa: S302
        from slipcover.branch import preinstrument

        code: CodeType = compile(preinstrument(ast.parse(source)), path, "exec", dont_inherit=True)
        unfinished = kept.with_name(f"{fullname}.{os.getpid()}")
        COMPILED.mkdir(parents=True, exist_ok=True)
        unfinished.write_bytes(made_of + marshal.dumps(code))
        unfinished.replace(kept)
        return code


class MarkingFinder:
    """Finds the modules to mark."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Find a module of the product; not one of another release, which tests run from folders of their own."""
        if not f"{name}.".startswith(ROOMS):
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.origin is not None and Path(spec.origin).is_relative_to(PRODUCT):
            spec.loader = MarkingLoader(name, spec.origin)
        return spec


if FOLDER:
    sys.meta_path.insert(0, MarkingFinder)
