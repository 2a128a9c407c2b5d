"""How the rows of each target are read, set beside the records that are here, and beside each other."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

from psycopg2.extensions import cursor as Cursor

from crm_web.imports.activity_files.records import match_activities, settle_activities
from crm_web.imports.activity_files.rows import ActivityReader
from crm_web.imports.customer_rows import ContactReader, CustomerReader, MixedReader
from crm_web.imports.matching import match_leads, match_rows
from crm_web.imports.records import match_record_rows, match_records
from crm_web.imports.rows import RowReader
from crm_web.imports.targets import Target


class Steps(NamedTuple):
    """The steps of one target."""

    match: Callable[[Cursor], None]
    match_rows: Callable[[Cursor], None]


READERS: Mapping[Target, type[RowReader]] = {
    Target.CUSTOMERS: CustomerReader,
    Target.MIXED: MixedReader,
    Target.CONTACTS: ContactReader,
    Target.LEADS: RowReader,
    Target.ACTIVITIES: ActivityReader,
}
STEPS: Mapping[Target, Steps] = {
    Target.CUSTOMERS: Steps(
        partial(match_records, target=Target.CUSTOMERS), partial(match_record_rows, target=Target.CUSTOMERS)
    ),
    Target.CONTACTS: Steps(
        partial(match_records, target=Target.CONTACTS), partial(match_record_rows, target=Target.CONTACTS)
    ),
    Target.LEADS: Steps(match_leads, match_rows),
    Target.ACTIVITIES: Steps(match_activities, settle_activities),
}
