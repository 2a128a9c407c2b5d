"""Lists as files, with the same rows, order and columns as on the page."""

import tempfile
from collections.abc import Iterable, Sequence

from flask import Response, current_app, render_template, send_file, stream_with_context
from flask_login import current_user

from crm_web.core import clock
from crm_web.lists.csv_export import write_csv
from crm_web.lists.params import Chip, ListParams
from crm_web.lists.record_params import SpecListParams
from crm_web.lists.xlsx_export import Workbook, write_xlsx
from crm_web.web import template_filters

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_PRINTED = 1000
"""How many rows of a list are printed at most; a file holds all of them."""


def send_list(name: str, view: SpecListParams) -> Response:
    """Stream a list as CSV.

    :param name: of the file, without extension
    """
    return send_csv(name, *view.make_table())


def send_list_xlsx(name: str, view: SpecListParams) -> Response:
    """Send a list as an Excel file, with a sheet that says what it shows.

    :param name: of the file, without extension
    """
    view.sort = view.spec.usable_sort(view.read_filter(), view.sort)
    return send_xlsx(name, *view.make_table(), view=view, chips=view.list_chips())


def print_list(template: str, view: SpecListParams) -> str:
    """Draw a list for paper.

    :param template: one that extends ``lists/print_list.html``
    """
    page = view.load_first(MOST_PRINTED)
    house = current_app.config["COMPANY_NAME"]
    return render_template(template, page=page, view=view, chips=view.list_chips(), house=house)


def send_csv(name: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """Stream a table as CSV.

    :param name: of the file, without extension
    :param rows: read only while the response is sent, after the view's own session has ended
    """
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return Response(stream_with_context(write_csv(head, rows)), mimetype="text/csv", headers=headers)


def send_xlsx(
    name: str, head: Sequence[str], rows: Iterable[Sequence[object]], *, view: ListParams, chips: Sequence[Chip]
) -> Response:
    """Send a table as an Excel file.

    :param name: of the file, without extension
    :param chips: the filters in use
    """
    user_locale = template_filters.current_user_locale()
    about = [
        ("Contents", f"{name.capitalize()} from Piper CRM"),
        ("Filters", "; ".join(chip.label for chip in chips) or "None"),
        ("Sorted", view.sort_in_words),
        ("Exported by", current_user.name),
        ("Exported at", template_filters.datetime(clock.now(), user_locale=user_locale)),
        ("Time zone", str(user_locale.zone)),
    ]
    # Closed, and so gone, when the answer has been sent.
    file = tempfile.TemporaryFile()  # noqa: SIM115
    write_xlsx(file, Workbook(name.capitalize(), head, rows, user_locale.zone, about))
    file.seek(0)
    return send_file(file, mimetype=XLSX, as_attachment=True, download_name=f"{name}.xlsx")
