"""What README says about a new column is all that it takes: a copy of the tree gets its lines, and shows the column."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from crm_web.core.config import ROOT
from tests.databases import OwnDatabase
from tests.operation.launch import temporary_folder

pytestmark = pytest.mark.slow
TREE = ("crm_web", "migrations", "static", "templates", "tests", "pyproject.toml", "wsgi.py")
NUMBER = "999"
MOST_FILES = 6


def read_steps() -> list[tuple[str, list[str]]]:
    """The files that the section names, each with the lines that stand in it."""
    section = (ROOT / "README.md").read_text().partition('### Add a column, such as "')[2].partition("\n### ")[0]
    steps = re.findall(r"^\d\. (.*?)(?=^\d\. |^$)", section, re.MULTILINE | re.DOTALL)
    return [(words[0], words[1:]) for step in steps if (words := re.findall(r"`([^`]+)`", step))]


def add_line(path: Path, line: str) -> None:
    """Put a line after the one that says the same of ``next_step``."""
    pattern = "( *)" + re.escape(line.partition("campaign")[0]) + "next_step" + r"[^\n]*" + re.escape(line[-1]) + "\n"
    text = path.read_text()
    # Of two lines, the one that makes its value alike is meant.
    made = line.partition(" = ")[2].partition("(")[0]
    found = [match for match in re.finditer(pattern, text) if made in match[0]]
    assert len(found) == 1, f"{len(found)} lines of {path.name} are like {line}"
    path.write_text(f"{text[: found[0].end()]}{found[0][1]}{line}\n{text[found[0].end() :]}")


def run(tree: Path, url: str, *command: str) -> None:
    settings = {"DATABASE_URL": url, "SECRET_KEY": "only-for-tests-" + "0123456789" * 2, "PATH": os.environ["PATH"]}
    done = subprocess.run([sys.executable, *command], cwd=tree, env=settings, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_column_takes_the_files_that_the_readme_names(own_database: OwnDatabase) -> None:
    steps = read_steps()
    model, migration, *others = steps
    assert len(steps) <= MOST_FILES
    with temporary_folder() as tree:
        for name in TREE:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, tree / name)
        add_line(tree / model[0], model[1][0])
        command, check = migration[1]
        autogenerate = command.replace("NUMBER", NUMBER).split()[1:]
        run(tree, own_database.url, "-m", "flask", *autogenerate)
        written = tree / migration[0].replace("NUMBER", NUMBER)
        upgrade_end = "    # ### end Alembic commands ###"
        written.write_text(written.read_text().replace(upgrade_end, f"    {check}", 1))
        for file, lines in others:
            for line in lines:
                if "campaign" in line:
                    add_line(tree / file, line)
        run(tree, own_database.url, "-m", "flask", "db", "upgrade")
        run(tree, own_database.url, "-m", "tests.operation.see_column")
        run(tree, own_database.url, "-m", "flask", "db", "downgrade")
