"""Keyset pagination: each page costs the same at any depth, and reads no more than so many rows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, case, func, literal, select, true
from sqlalchemy.sql.elements import Grouping

from crm_web.core.extensions import db
from crm_web.core.prepared import Prepared
from crm_web.lists.cursors import MOST_SCANNED, CursorPosition, cursor_after, cursor_before, decode_cursor
from crm_web.lists.orders import Sort, compare_rows, is_beyond_row, join_groups, keys_of, slice_page
from crm_web.lists.scans import Scan

PAGE_SIZE = 50
COUNT_LIMIT = 10_000
GROUP_SCAN_LIMIT = 3_000
GLANCE = 2_000
COMMON = 10
"""Words are common if so many of the first rows of a list, as many as a glance takes in, contain them."""
FURTHER = 4
"""How many times as many rows are searched each time that somebody searches further."""


@dataclass(frozen=True)
class Page:
    """A page of a list.

    :param rows: records; rows of columns where the query selects several
    :param next: the cursor of the next page; ``None`` on the last
    :param previous: the cursor of the previous page; ``None`` on the first
    :param count: of the whole list, at most ``COUNT_LIMIT`` + 1
    :param is_in_order: false if there were too many rows for the wanted order
    :param starts_at_cursor: false if the cursor was invalid and the first page is shown
    :param is_partial: whether there may be more than ``count``, because not all rows were searched
    :param further: where the search goes on, if it ended before the page was full: ``next`` or ``previous``
    :param searched: how many rows were searched by then
    """

    rows: Sequence[Any]
    next: str | None
    previous: str | None
    count: int
    is_in_order: bool = True
    starts_at_cursor: bool = True
    is_partial: bool = False
    further: str | None = None
    searched: int = 0

    @property
    def count_is_exact(self) -> bool:
        return not self.is_partial and self.count <= COUNT_LIMIT

    @property
    def may_have_more(self) -> bool:
        """Whether there may be rows that were not searched, even if this page has none."""
        return self.is_partial or self.further is not None


@dataclass(frozen=True)
class Found:
    """What was found.

    :param rows: one more than the page holds, if there are more
    :param end: key and id of the last row that was searched, if the search ended there
    :param searched: how many rows were searched by then
    """

    rows: list[Any]
    count: int
    is_partial: bool = False
    end: tuple[Any, int] | None = None
    searched: int = 0


class _Probed(NamedTuple):
    """What a few rows tell of a list.

    :param is_rare: whether the words are rare, so that their index finds little enough, as any does if ``is_narrow``
    :param length: how many rows of the order hold about two pages of its words
    """

    is_narrow: bool
    is_rare: bool
    total: int
    length: int


def select_first_page(query: Select[Any], order: Sort, *, size: int, total: Any = None) -> Prepared:
    """Build the statement of a list's first page, to be kept: the first rows in their order, and how many there are.

    :param order: one that an index gives
    :param total: what tells how many rows there are; left out, they are counted
    """
    counted = select_count_of_some(query) if total is None else total
    rows = query.add_columns(*keys_of(order), counted.label("sort_total"))
    return Prepared(slice_page(rows, order, None, size))


def load_first_page(statement: Prepared, order: Sort, *, size: int) -> Page:
    """Load a list's first page by the statement of ``select_first_page``."""
    rows = statement.all()
    return cut_page(Found(rows, rows[0].sort_total if rows else 0), order, None, size=size)


def load_page(
    query: Select[Any],
    sort: Sort,
    *,
    cursor: str | None,
    size: int = PAGE_SIZE,
    scan: Scan | None = None,
    fallback_sort: Sort | None = None,
    is_bounded: bool = True,
    total: ColumnElement[int] | None = None,
) -> Page:
    """Load a page in two or three queries, at most four.

    Where an index finds all that a filter asks for, and that is little, it is found first and then sorted. Else the
    order is scanned for a limited number of rows, and the page ends where the scan does. The planner alone would scan
    the whole table, or sort half of it.

    :param query: selects one entity or several columns, with filters, without order or limit
    :param cursor: ``Page.next`` or ``Page.previous``; an invalid one means the first page
    :param scan: how to find the rows; omit it if an index serves both filter and order
    :param fallback_sort: an order with an index, for when ``sort`` has none and too many rows match
    :param is_bounded: false to go on to the end of the list if a limited scan doesn't fill the page
    :param total: what tells how many rows there are; left out, they are counted
    """
    count = None if total is None and sort.is_indexed else count_some(query, total)
    wanted, sort = sort, choose_sort(count or 0, sort, fallback_sort)
    place = decode_cursor(cursor, sort.expression.type.python_type)
    backwards = place is not None and place.side == "before"
    order = replace(sort, descending=sort.descending != backwards)
    found = _find(query, order, place, size=size, count=count, scan=scan)
    if found.end is not None and len(found.rows) <= size and not is_bounded:
        found = _find_all(query, order, place, size=size)
    return replace(
        cut_page(found, order, place, size=size),
        is_in_order=sort is wanted,
        starts_at_cursor=place is not None or cursor is None,
    )


def cut_page(found: Found, order: Sort, place: CursorPosition | None, *, size: int) -> Page:
    """Make the page, with the cursors of the pages on both sides of it."""
    rows, backwards = found.rows[:size], place is not None and place.side == "before"
    ahead, behind = (cursor_before, cursor_after) if backwards else (cursor_after, cursor_before)
    onward = further = back = None
    if len(found.rows) > size:
        onward = ahead(rows[-1].sort_key, rows[-1].sort_id)
    elif found.end is not None:
        onward = further = ahead(*found.end, min(found.searched * FURTHER, MOST_SCANNED))
    if place is not None and rows:
        back = behind(rows[0].sort_key, rows[0].sort_id)
    elif place is not None:
        # The row of the cursor itself belongs to the page that is left, and comes again on the way back.
        back = behind(place.key, place.row_id + (-1 if order.descending else 1))
    if backwards:
        rows, onward, back = rows[::-1], back, onward
    # Beside the key and the id of the order, and perhaps counts, one entity or several columns.
    is_entity = bool(rows) and sum(not name.startswith("sort_") for name in rows[0]._fields) == 1
    return Page(
        rows=[row[0] for row in rows] if is_entity else rows,
        next=onward,
        previous=back,
        count=min(found.count, COUNT_LIMIT + 1),
        is_partial=found.is_partial,
        further=further,
        searched=found.searched,
    )


def count_some(query: Select[Any], total: ColumnElement[int] | None = None) -> int:
    """Count the rows of a query, at most ``COUNT_LIMIT`` + 1, unless something tells how many there are."""
    return db.session.scalar(select(select_count_of_some(query) if total is None else total)) or 0


def select_count_of_some(query: Select[Any]) -> Any:
    rows = query.with_only_columns(literal(1).label("one"), maintain_column_froms=True).order_by(None)
    bounded = rows.limit(COUNT_LIMIT + 1).subquery()
    return select(func.count()).select_from(bounded).scalar_subquery()


def choose_sort(count: int, sort: Sort, fallback_sort: Sort | None) -> Sort:
    """Return the wanted order, or the fallback if it has no index and there are too many rows."""
    return fallback_sort if fallback_sort and not sort.is_indexed and count > COUNT_LIMIT else sort


def _find(
    query: Select[Any],
    order: Sort,
    position: CursorPosition | None,
    *,
    size: int,
    count: int | None,
    scan: Scan | None,
) -> Found:
    if not order.is_indexed:
        return _find_all(query, order, position, size=size)
    if scan is None:
        count = count_some(query) if count is None else count
        return Found(_load_in_order(query, order, position, size=size) if count else [], count)
    if count is None:
        probed = _probe(scan)
        if probed.is_narrow:
            return _find_all(query, order, position, size=size, matching=scan.rare if probed.is_rare else None)
        count, scan = probed.total, replace(scan, limit=max(scan.limit, probed.length))
    return _find_within(query, order, position, size=size, scan=scan, count=count)


def _probe(scan: Scan) -> _Probed:
    """Look in one query whether an index finds few enough rows, and count them all if one probe has all filters.

    Words that are hardly among the first rows are rare: counting what contains them takes as long as finding it.
    """
    probes = [select_count_of_some(probe) for probe in scan.probes]
    first = [] if scan.words is None else [select(func.count()).select_from(scan.words.subquery()).scalar_subquery()]
    counts = db.session.execute(select(*probes, *first)).one()
    is_narrow = any(count <= COUNT_LIMIT for count in counts[: len(probes)])
    is_rare = scan.words is not None and counts[-1] < COMMON
    length = 0 if scan.words is None or is_rare else GLANCE * 2 * PAGE_SIZE // counts[-1]
    return _Probed(is_narrow or is_rare, is_rare, counts[0] if scan.is_counted else 0, length)


def _find_all(
    query: Select[Any], order: Sort, position: CursorPosition | None, *, size: int, matching: Select[Any] | None = None
) -> Found:
    """Find all that match, without regard to the order, and count them.

    :param matching: the same list, written to be found in another way
    """
    matches = join_groups(query if matching is None else matching, order).with_only_columns(*keys_of(order))
    rows = _load_matches(query, matches, order, position, size=size)
    if rows or position is None:
        return Found(rows, rows[0].sort_total if rows else 0)
    return Found(rows, count_some(query))


def _find_within(
    query: Select[Any], order: Sort, position: CursorPosition | None, *, size: int, scan: Scan, count: int
) -> Found:
    """Find what matches among a limited number of rows.

    :param count: of all that match, if it is known
    """
    usual = scan.limit if order.groups is None else GROUP_SCAN_LIMIT
    length = max(usual, position.scan if position else 0)
    if count and order.groups is None:
        # Nothing is left to count, so it may end with the page.
        end = _find_end(order, scan, position, length)
        rows = _load_in_order(_between(query, order, position, end), order, position, size=size)
        return Found(rows, count, end=end, searched=length)
    rows = _load_scanned(query, order, position, size=size, scan=scan, length=length)
    end = _end_of(rows[0]) if rows else _find_end(order, scan, position, length)
    is_all = position is None and end is None
    total = rows[0].sort_total if rows else 0
    return Found(rows, count or total, is_partial=not count and not is_all, end=end, searched=length)


def _end_of(row: Any) -> tuple[Any, int] | None:
    return None if row.sort_end_id is None else (row.sort_end_key, row.sort_end_id)


def _find_end(order: Sort, scan: Scan, position: CursorPosition | None, length: int) -> tuple[Any, int] | None:
    """Find key and id of the last row that is searched; ``None`` if there are fewer."""
    end = db.session.execute(_select_scanned(order, scan, position, length).offset(length - 1).limit(1)).first()
    return None if end is None else (end.sort_key, end.sort_id)


def _select_scanned(
    order: Sort, scan: Scan, position: CursorPosition | None, length: int, *further: Any
) -> Select[Any]:
    if order.groups is not None:
        return _merge_group_scans(scan.base, order, position, length, *further)
    return slice_page(scan.base.with_only_columns(*keys_of(order), *further), order, position, length - 1)


def _load_scanned(
    query: Select[Any], order: Sort, position: CursorPosition | None, *, size: int, scan: Scan, length: int
) -> list[Any]:
    """Read so many rows of the order once, and load those of a page that match, with how many do."""
    scanned = _select_scanned(order, scan, position, length, scan.is_match.label("is_match")).subquery("scanned")
    key, row_id = scanned.c.sort_key, scanned.c.sort_id
    # In the order of the rows.
    read = select(
        func.array_agg(row_id).filter(scanned.c.is_match).label("ids"),
        *(Grouping(func.array_agg(it))[length].label(f"end_{it.name}") for it in (key, row_id)),
    )
    read_once = read.select_from(scanned).cte("read").prefix_with("MATERIALIZED")
    found = read_once.c.ids
    first = func.unnest(select(found[1 : size + 1]).scalar_subquery()).table_valued("id").render_derived()
    rows = join_groups(query, order).join(first, first.c.id == order.id_column)
    told = {"total": func.cardinality(found), "end_key": read_once.c.end_sort_key, "end_id": read_once.c.end_sort_id}
    columns = (select(it).scalar_subquery().label(f"sort_{name}") for name, it in told.items())
    return list(db.session.execute(rows.add_columns(*keys_of(order), *columns).order_by(*order.columns)).all())


def _between(query: Select[Any], order: Sort, position: CursorPosition | None, end: Any) -> Select[Any]:
    """Select what stands after the cursor, up to the row where a scan ended, that one included."""
    if position is not None:
        query = query.where(is_beyond_row(order, position.key, position.row_id))
    if end is None:
        return query
    here, there = compare_rows(order, *end)
    return query.where(here >= there if order.descending else here <= there)


def _load_in_order(query: Select[Any], order: Sort, position: CursorPosition | None, *, size: int) -> list[Any]:
    """Load rows that an index of the order finds."""
    if order.groups is not None:
        return list(
            db.session.execute(select_whole(query, _merge_group_scans(query, order, position, size + 1), order)).all()
        )
    return list(db.session.execute(slice_page(query.add_columns(*keys_of(order)), order, position, size)).all())


def _load_matches(
    query: Select[Any], keys: Select[Any], order: Sort, position: CursorPosition | None, *, size: int
) -> list[Any]:
    return list(db.session.execute(select_whole(query, select_matches(keys, order, position, size), order)).all())


def select_matches(keys: Select[Any], order: Sort, position: CursorPosition | None, size: int) -> Select[Any]:
    """Select a page of keys and how many there are. They are materialized, so that they are found without regard to
    the order; then one page is loaded whole.
    """
    matches = keys.order_by(None).cte("matches").prefix_with("MATERIALIZED")
    within = Sort(matches.c.sort_key, matches.c.sort_id, order.descending)
    total = select(func.count()).select_from(matches).correlate(None).scalar_subquery()
    return slice_page(select(matches, total.label("sort_total")), within, position, size)


def select_whole(query: Select[Any], keys: Select[Any], order: Sort) -> Select[Any]:
    """Select the rows of some keys, in their order."""
    wanted = keys.subquery("wanted")
    rows = query.join(wanted, wanted.c.sort_id == order.id_column).add_columns(*wanted.c)
    return rows.order_by(*Sort(wanted.c.sort_key, wanted.c.sort_id, order.descending).columns)


def _merge_group_scans(
    query: Select[Any], order: Sort, position: CursorPosition | None, length: int, *further: Any
) -> Select[Any]:
    """The first keys, ids and further columns in the order of the groups; each group is only queried when needed."""
    grouping = order.groups
    if grouping is None:
        raise ValueError("no groups to walk through")
    key = grouping.keys.c.key
    groups = select(grouping.keys.c.value, key).order_by(key.desc() if order.descending else key.asc())
    if position is not None:
        groups = groups.where(key <= position.key if order.descending else key >= position.key)
    group, row_id = groups.subquery("grouped"), order.id_column
    # Were it "=", the planner would drop the column from the order, and walk all rows by id for a group without any.
    is_of_group = grouping.column.between(group.c.value, group.c.value)
    inner = query.with_only_columns(row_id.label("sort_id"), *further).where(is_of_group)
    if position is not None:
        is_same = group.c.key == literal(position.key, key.type)
        from_here = case((is_same, literal(position.row_id)), else_=literal(2**63 - 1 if order.descending else -1))
        inner = inner.where(row_id < from_here if order.descending else row_id > from_here)
    inner = inner.order_by(*Sort(grouping.column, row_id, order.descending).columns).limit(length)
    some = inner.correlate(group).lateral("members")
    found = select(group.c.key.label("sort_key"), *some.c).select_from(group).join(some, true())
    return found.order_by(*Sort(group.c.key, some.c.sort_id, order.descending).columns).limit(length)
