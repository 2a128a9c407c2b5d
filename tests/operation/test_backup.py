"""Whether a backup is one, is tried by restoring it."""

import subprocess
from pathlib import Path

import pytest

from crm_web.launcher.programs import find_program
from tests.databases import OwnDatabase
from tests.factories import make_lead


@pytest.mark.slow
def test_a_dump_is_restored_elsewhere_and_counted(own_database: OwnDatabase, tmp_path: Path) -> None:
    with own_database.session() as session:
        make_lead(session)
    dump = tmp_path / "piper.dump"
    place = own_database.url.replace("postgresql+psycopg2", "postgresql", 1)
    subprocess.run([find_program("pg_dump"), "--format=custom", "--file", dump, place], check=True)
    runner = own_database.app.test_cli_runner()
    done = runner.invoke(args=["backup", "verify", str(dump)])
    assert done.exit_code == 0, done.output
    assert "           1  leads\n" in done.output
    assert "at migration" in done.output.splitlines()[-1]

    dump.write_bytes(dump.read_bytes()[:20_000])
    broken = runner.invoke(args=["backup", "verify", str(dump)])
    assert (broken.exit_code, "can’t be restored" in broken.output) == (1, True), broken.output
