"""The command imports a file of any length within the memory that it may take, since it does without pages."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import func, select

from crm_web import create_app
from crm_web.models import Employee, Lead
from tests.databases import OwnDatabase

MOST_MEGABYTES = 120
"""What the benchmark allows for 50,000 rows; after the first 4,000 it grows no more."""
ROWS = 6_000
TELLS_ITS_PEAK = """
import atexit, pathlib, sys
from flask.cli import main
atexit.register(lambda: print(pathlib.Path("/proc/self/status").read_text(), file=sys.stderr))
main()
"""


def write_file(path: Path, rows: int) -> Path:
    """A file of people, of whom hardly anything repeats; the last row is refused."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["First Name", "Last Name", "Company", "Email", "Phone", "City", "Owner", "Description"])
        for number in range(rows - 1):
            name = f"Åsa {number * 7919 % 100_003}"
            address, phone = f"p{number}@example-{number}.example", f"+44 20 7946 {number:04}"
            writer.writerow([name, "Larsen", f"Firm {number}", address, phone, f"Town {number}", "", "Ü" * 300])
        writer.writerow(["Bo", "Ray", "", "not an email", "", "", "newcomer@piper.example", ""])
    return path


@pytest.mark.slow
def test_the_command_takes_little_memory(own_database: OwnDatabase, tmp_path: Path) -> None:
    path = write_file(tmp_path / "people.csv", ROWS)
    told = subprocess.run(
        [sys.executable, "-c", TELLS_ITS_PEAK, "leads", "import", str(path), "--bad-values", "drop"],
        env={"PATH": os.defpath, "DATABASE_URL": own_database.url, "SECRET_KEY": "x" * 40},
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"{ROWS:,} rows read" in told.stdout
    peak = next(int(line.split()[1]) for line in told.stderr.splitlines() if line.startswith("VmHWM"))
    assert peak / 1024 < MOST_MEGABYTES
    with own_database.session() as session:
        assert session.scalar(select(func.count(Lead.id)).where(Lead.last_name.in_(["Larsen", "Ray"]))) == ROWS


def test_the_command_needs_no_pages_for_all_that_it_can(own_database: OwnDatabase, tmp_path: Path) -> None:
    app = create_app(own_database.app.config["SETTINGS"], has_pages=False)
    path = write_file(tmp_path / "people.csv", 4)
    team = tmp_path / "team.csv"
    team.write_text("sales_agent,manager\nnewcomer@piper.example,Max Weber\n")
    refused, report = tmp_path / "refused.csv", tmp_path / "report.csv"
    options = ["--existing", "update", "--team", str(team), "--refused", str(refused), "--report", str(report)]
    result = app.test_cli_runner().invoke(args=["import", str(path), *options])
    assert result.exit_code == 3, result.output
    assert "not an email" in refused.read_text(encoding="utf-8-sig")
    assert len(report.read_text(encoding="utf-8-sig").splitlines()) == 5
    assert "leads" not in app.blueprints
    with own_database.session() as session:
        assert session.scalars(select(Employee).where(Employee.email == "newcomer@piper.example")).one().manager
