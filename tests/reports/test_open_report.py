"""Reports of a company without rows: each opens, whatever its address says."""

from collections.abc import Callable

import pytest

from crm_web.models import Employee
from crm_web.reports.figures import REPORTS
from tests.page import Browser

BrowserAs = Callable[[Employee], Browser]
NAMES = list(REPORTS)


@pytest.mark.parametrize(
    "address",
    [
        {"period": "' OR 1=1 --"},
        {"from": "2026-13", "to": "soon"},
        {"from": "1900-01", "to": "2199-12"},
        {"from": "2025-05", "to": "2025-02"},
        {"owner": "9" * 40, "source": "\ud7ff"},
        {"by": "nothing"},
    ],
)
@pytest.mark.parametrize("name", ["funnel", "conversion"])
def test_whatever_stands_in_the_address_is_taken_or_left_out(
    browser_as: BrowserAs, ann: Employee, name: str, address: dict[str, str]
) -> None:
    assert browser_as(ann).get("reports.show_report", name=name, **address).status == 200


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_company_is_told_so(browser_as: BrowserAs, ann: Employee, name: str) -> None:
    assert "No data" in browser_as(ann).get("reports.show_report", name=name).text


def test_an_unknown_report_is_not_there(browser_as: BrowserAs, ann: Employee) -> None:
    assert browser_as(ann).get("reports.show_report", name="profit").status == 404


def test_the_list_of_reports_leads_to_each(browser_as: BrowserAs, vera: Employee) -> None:
    page = browser_as(vera).get("reports.list_reports")
    for report in REPORTS.values():
        assert page.click(report.title).h1 == report.title


def test_who_is_signed_out_sees_nothing(visitor: Browser) -> None:
    assert visitor.get("reports.show_report", name="funnel").status == 303
