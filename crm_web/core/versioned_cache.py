"""A cache in this process of what hardly ever changes, valid until the database says that it has changed.

The query for who is signed in, with which each request begins, also reads the versions of some tables (see
``crm_web.models.TableVersion``). What was read under other versions is not used any more, so no instance ever shows
anything older than the request itself. Without a request nothing is cached.

What is read of tables without such a version can depend on ``ANYTHING``: it is kept until the next transaction of any
kind is saved, which is enough for what many pages show and a statement has to gather.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any, Generic, TypeVar, cast

from flask import current_app, g, has_request_context, request

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")
MOST = 2000
"""How many values of each kind are cached where nothing else is said."""
MISSING = object()
ANYTHING = "anything"
"""Named like a table, whose version is all that the database has saved; none in what has changed something itself."""


def set_table_versions(versions: Mapping[str, str | None]) -> None:
    """Set the versions that the tables had when this request began."""
    if has_request_context():
        g.table_versions = versions


class VersionedCache(Generic[Key, Value]):
    """A value for each key, as long as none of some tables changes.

    :param load: reads the value of a key; it may be read under newer versions than those known, never under older ones
    :param tables: all tables that ``load`` reads
    :param most: how many values are cached at most
    """

    def __init__(self, load: Callable[[Key], Value], *tables: str, most: int = MOST) -> None:
        self._load, self._tables, self._most = load, tables, most

    def get(self, key: Key, *, writes_nothing_yet: bool = False) -> Value:
        """Return the value of a key.

        :param writes_nothing_yet: whether a request that may write has surely not done so before
        """
        values = self._current_values()
        # Looked up once: another thread may clear them meanwhile.
        value = values.get(key, MISSING)
        if value is MISSING:
            value = self._load(key)
            if writes_nothing_yet or _only_reads():
                self._keep(values, {key: value})
        return cast(Value, value)

    def get_many(self, keys: Iterable[Key], load: Callable[[list[Key]], Mapping[Key, Value]]) -> dict[Key, Value]:
        """Return the values of several keys.

        :param load: reads the values of all those that are not cached at once, as ``load`` of this cache would; those
            of other keys, which may follow soon, are cached as well
        """
        values = self._current_values()
        found = {key: values.get(key, MISSING) for key in keys}
        if missing := [key for key, value in found.items() if value is MISSING]:
            loaded = load(missing)
            if _only_reads():
                self._keep(values, loaded)
            found |= {key: loaded.get(key, MISSING) for key in missing}
        return {key: cast(Value, value) for key, value in found.items() if value is not MISSING}

    def _keep(self, values: dict[Key, Any], loaded: Mapping[Key, Value]) -> None:
        if len(values) >= self._most:
            values.clear()
        values.update(loaded)

    def _current_values(self) -> dict[Key, Any]:
        """Return the values that were read under the versions of this request; those of other versions are dropped."""
        known: Mapping[str, str | None] | None = g.get("table_versions") if has_request_context() else None
        if known is None:
            return {}
        versions = [known[table] for table in self._tables]
        if None in versions:
            return {}
        caches = current_app.extensions.setdefault("versioned_caches", {})
        cached = caches.get(self)
        if cached is None or cached[0] != versions:
            cached = caches[self] = (versions, {})
        values: dict[Key, Any] = cached[1]
        return values


def _only_reads() -> bool:
    """Any other request may have changed what it reads already, without having saved it."""
    return has_request_context() and request.method in ("GET", "HEAD")
