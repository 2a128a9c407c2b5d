"""Phrases that people no longer read anywhere in the product. Each was replaced by plainer words; add to the list."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

RETIRED = (
    # Leads, customers, contacts and activities.
    "Add a note, call, meeting",
    "All its history",
    "All its leads",
    "Another reason",
    "Call first",
    "Close without a sale",
    "Facts",
    "How to reach them",
    "It may be one of these",
    "It was entered as won",
    "Left empty, it means now",
    "Look at it, then choose again",
    "Made from lead",
    "No need any more",
    "Not a fit for us",
    "Nothing is overwritten",
    "Please check what you entered",
    "Probability in %",
    "Such as Ms",
    "Take back its customer",
    "The installation",
    "The sale",
    "This may be here already",
    "To do again",
    "Undo Won",
    "What stands in the way",
    "Where it came from",
    "Win for this customer",
    "With the country code where",
    "Your role may",
    "bought again",
    "can’t be taken back",
    "is back from the trash",
    "first one to call",
    "no longer sells",
    "was entered.",
    # Imports, duplicates, merging and privacy.
    "Bring in leads from a file",
    "File format",
    "It goes on without you",
    "Words without a status are",
    "are here already",
    "as it should stand",
    "begins by itself",
    "costs the row",
    "each thing that differs",
    "is a sale of its own",
    "rehearsed",
    "takes back either",
    "that was taken back",
    "the column tells",
    "their addresses lead",
    "what agrees",
    # Lists, search, board and dashboard.
    "All of them",
    "As the table’s head says",
    "Changed last",
    "administrator",
    "Somebody else",
    "somebody else",
    "the installation",
    "Your role",
    "Worth",
    "This page is empty by now",
    "stood here",
    "Take one of them away",
    "Tick the",
    "Everyone’s",
    "E-mail",
    "E-mails",
    "e-mail",
    "e-mails",
    "Choose all on this page",
    "From the first card on",
    "Largest amount",
    "No lead fits",
    "No customer fits",
    "No activity fits",
    "No lead is yours",
    "Nothing is due",
    "Nothing is spelt",
    "Signs alone",
    "Spelt almost so",
    "Taken by",
    "They stand",
    "Too many to sort by that column",
    "Untouched",
    "What was found",
    "as at most",
    "files hold every column",
    "look there",
    # Errors and access.
    "There is nothing here",
    "You may not do this",
    "Request number",
    "Something broke on our side",
    "Who are you?",
    "a manager or an administrator",
    "needs mending",
    # History, conflicts, undo and trash.
    "Choose what holds",
    "Leave it as saved",
    "Nobody can alter it",
    "Nobody can take this back",
    "Put back",
    "See its story",
    "Two changes to",
    "Way in",
    "Without my changes",
    "as it was then",
    "for good by",
    "of the past",
    "stands in no list",
    # Saved views and bulk edits.
    "Begin with it",
    "In the navigation",
    "Kept by",
    "Nothing is changed yet",
    "Print ticked",
    "This differs from",
    "To begin with",
    "What to do with them",
    "all at once.",
    "can be undone.",
    "free to take",
    "into my navigation",
    "is kept as",
    "whoever looks at it",
    # Reports.
    "Each figure leads",
    "Got as far as",
    "Half within",
    "Left it",
    "Lost, for any reason",
    "From previous stage",
    "Of the step before",
    "Where do leads wait",
    "Who did how much",
    "Won of all",
    "Won of closed",
    "may come in?",
    "told apart",
    # Employees, account, tokens and webhooks.
    "As the system",
    "Capitals don’t matter",
    "Everybody’s tokens",
    "How pages read",
    "It ends after",
    "It may",
    "Make the token",
    "Make the webhook",
    "Other programs",
    "Single keys –",
    "Tell it to them",
    "What they may do",
    "are kept by your",
    "is told of what",
    "most particular",
    "sign-in is ended",
    # Commands, settings and the API.
    "Enter a lead",
    "There is no such",
    "mend DATABASE_URL",
    "the ledger",
    "what to mend",
)
"""Retired phrases, as they were written."""

JINJA = re.compile(r"\{#.*?#\}", re.DOTALL)
COMMENT = re.compile(r"^\s*(//|/?\*).*$|(?<=[;{}(,]) // .*$", re.MULTILINE)


def list_texts() -> Iterator[tuple[str, str]]:
    """Each file with what a person may read of it: templates, scripts, the README, and the strings of the code."""
    for path in sorted((ROOT / "templates").rglob("*.html")):
        yield str(path.relative_to(ROOT)), JINJA.sub("", path.read_text())
    for path in sorted((ROOT / "static").rglob("*.js")):
        yield str(path.relative_to(ROOT)), COMMENT.sub("", path.read_text())
    for path in sorted((ROOT / "crm_web").rglob("*.py")):
        yield str(path.relative_to(ROOT)), "\n".join(list_strings(path.read_text()))
    yield "README.md", (ROOT / "README.md").read_text()


def list_strings(code: str) -> Iterator[str]:
    """The strings of a module, without its docstrings."""
    tree = ast.parse(code)
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value


def find_retired(text: str) -> list[str]:
    """The retired phrases in a text, as whole words."""
    return [phrase for phrase in RETIRED if re.search(rf"(?<!\w){re.escape(phrase)}(?!\w)", text)]


def test_no_text_brings_back_retired_words() -> None:
    found = {file: words for file, text in list_texts() if (words := find_retired(text))}
    assert not found, f"See the words that replaced these in tests/test_words.py’s history: {found}"


@pytest.mark.parametrize("text", ['<h2 class="x">Facts</h2>', 'flash("Okoro was entered.")', "Undo Won", "the ledger"])
def test_retired_words_are_found(text: str) -> None:
    assert find_retired(text)
