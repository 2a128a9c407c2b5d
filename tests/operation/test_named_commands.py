"""Whatever the guides and the examples of deployment tell people to type is a command, with options that it has."""

import re
import shlex

import click
from flask import Flask
from flask.cli import FlaskGroup, ScriptInfo

from crm_web.core.config import ROOT

PLACES = ("README.md", "OPERATE.md", "CHANGELOG.md", ".env.example", "docker-compose.yml", "deploy/**/*")
COMMAND = re.compile(r"(?:^ *|`|&& |exec (?:-it )?\S+ (?:-- )?)(?:\.venv/bin/)?flask (?=-|[a-z])([^`#]*)(?:`|#|$)")


def find_commands() -> dict[str, str]:
    """Each command line without the word flask, and where it stands."""
    found: dict[str, str] = {}
    for pattern in PLACES:
        for path in ROOT.glob(pattern):
            if path.is_file() and "__pycache__" not in path.parts:
                text = path.read_text().replace("\\\n", " ")
                found |= {line.strip(): path.name for row in text.splitlines() for line in COMMAND.findall(row)}
    return found


def check_command(line: str, app: Flask) -> str | None:
    """What is wrong with it."""
    words = shlex.split(line.split(" &&")[0])
    command: click.Command = FlaskGroup(add_version_option=False)
    # Looking up a command pushes the application's context, which has to end with the test.
    with click.Context(command, obj=ScriptInfo(create_app=lambda: app)) as context:
        while words and isinstance(command, click.Group):
            word = words.pop(0)
            if word == "--env-file":
                words.pop(0)
                continue
            found = command.get_command(context, word)
            if found is None:
                return f"{word} is no command"
            command = getattr(found, "_load", lambda found=found: found)()
    if isinstance(command, click.Group) and not words and command.name == "flask":
        return None
    options = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    unknown = {word.partition("=")[0] for word in words if word.startswith("--")} - options - {"--help"}
    return f"{command.name} has no {unknown}" if unknown else None


def test_every_command_that_is_named_is_one(app: Flask) -> None:
    commands = find_commands()
    assert len(commands) > 15
    wrong = {f"{place}: flask {line}": told for line, place in commands.items() if (told := check_command(line, app))}
    assert wrong == {}
