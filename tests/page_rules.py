"""What must hold for every page that any test fetches."""

import re
from collections import Counter
from typing import TYPE_CHECKING

from bs4 import BeautifulSoup, Tag
from bs4.element import NavigableString

if TYPE_CHECKING:
    from tests.page import Page

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
POLICIES_OF_FILES = (
    {"default-src": "'none'", "sandbox": ""},
    {"default-src": "'none'", "object-src": "'self'", "style-src": "'unsafe-inline'"},
)
"""Of what somebody uploaded; the second is that of a PDF."""
NEEDS_NO_LABEL = ("hidden", "submit", "button", "image", "reset")
NAME_IDS = {"for", "aria-describedby", "aria-labelledby", "aria-controls", "popovertarget", "list"}
ADDRESSES = {"href", "src", "action", "formaction"}
# A typed text reads from right to left inside of a <bdi>, or in the field where it is typed.
MAY_TURN = ("bdi", "input", "textarea", "select")
RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
# What a template shows when something was forgotten.
LEFTOVERS = ("{{", "}}", "{%", "%}", "Undefined", "TODO", "lorem ipsum")

# Most texts hold neither, which one look at each of them tells.
SUSPECT = re.compile("|".join([*map(re.escape, LEFTOVERS), r"\A\s*None\s*\Z", RIGHT_TO_LEFT.pattern]))

TYPED = ("control-character-in-input-stream", "noncharacter-in-input-stream", "unexpected-null-character")
"""What somebody typed, and is shown as it is."""


def check_headers(page: "Page") -> None:
    """Every answer, whatever it is, carries the security headers; nobody is sent to another site."""
    headers = page.response.headers
    parts = (part.strip().partition(" ") for part in headers.get("Content-Security-Policy", "").split(";") if part)
    given = {name: value for name, _, value in parts}
    is_file = page.response.mimetype != "text/html" and given in POLICIES_OF_FILES
    assert given == POLICY or is_file, f"{page.url}: Content-Security-Policy is {given}"
    assert headers.get("X-Content-Type-Options") == "nosniff", f"{page.url}: no nosniff"
    assert headers.get("Referrer-Policy"), f"{page.url}: no Referrer-Policy"
    assert page.location is None or page.location.startswith("/"), f"{page.url} redirects to {page.location}"
    assert page.location is None or not page.location.startswith(("//", "/\\")), f"{page.url}: {page.location}"


def check_page(soup: BeautifulSoup, errors: list[str], url: str) -> None:
    """A page is valid, named, labelled and free of inline code."""
    # Found once for all rules: a selector of Beautiful Soup walks the whole page.
    nodes = list(soup.descendants)
    elements = [node for node in nodes if isinstance(node, Tag)]
    problems = [
        *(f"invalid HTML: {error}" for error in errors if not error.startswith(TYPED)),
        *_check_names(soup, elements),
        *_check_ids(elements),
        *_check_labels(elements),
        *_check_marks(elements),
        *_check_numbers(elements),
        *_check_forms(elements),
        *_check_inline_code(elements),
        *_check_directions(elements),
        *_check_texts([node for node in nodes if isinstance(node, NavigableString)]),
    ]
    assert not problems, f"{url}:\n" + "\n".join(problems)


def _check_names(soup: BeautifulSoup, elements: list[Tag]) -> list[str]:
    if soup.html is None or not soup.html.get("lang"):
        return ["no language"]
    headings = [element for element in elements if element.name == "h1"]
    if len(headings) != 1:
        return [f"{len(headings)} h1"]
    title = soup.title.get_text() if soup.title else ""
    heading = headings[0].get_text(" ", strip=True)
    if not heading or not " ".join(title.split()).startswith(" ".join(heading.split())):
        return [f"the title {title!r} does not begin with the h1 {heading!r}"]
    return []


def _check_ids(elements: list[Tag]) -> list[str]:
    ids = Counter(str(element["id"]) for element in elements if "id" in element.attrs)
    problems = [f"the id {name!r} stands {number} times" for name, number in ids.items() if number > 1]
    for attribute, value in (item for element in elements for item in element.attrs.items()):
        if attribute in NAME_IDS:
            missing = [name for name in str(value).split() if name not in ids]
            problems += [f"{attribute} names {name!r}, which is not there" for name in missing]
    links = [str(element.get("href", "")) for element in elements if element.name == "a"]
    return problems + [f"the link {link} leads nowhere" for link in links if link[:1] == "#" and link[1:] not in ids]


def _check_labels(elements: list[Tag]) -> list[str]:
    labelled = {str(element.get("for")) for element in elements if element.name == "label"}
    problems = []
    for element in elements:
        if element.name in ("input", "select", "textarea"):
            if element.get("type") not in NEEDS_NO_LABEL and not _has_name(element, labelled):
                problems.append(f"no label: {element}"[:200])
        elif element.name in ("a", "button"):
            seen, said = element.get_text(), element.get("aria-label")
            if not seen.strip() and not said and not element.find("img", alt=True):
                problems.append(f"no words: {element}"[:200])
            elif said is not None and _fold(seen) not in _fold(str(said)):
                problems.append(f"who says what is seen can't press it: {element}"[:200])
        elif element.name == "img" and not element.has_attr("alt"):
            problems.append(f"no alt: {element}")
    return problems


def _fold(words: str) -> str:
    """Words as they are spoken: without signs and capitals."""
    return " ".join(re.findall(r"\w+", words.casefold()))


def _has_name(control: Tag, labelled: set[str]) -> bool:
    return (
        control.get("id") in labelled
        or control.find_parent("label") is not None
        or control.has_attr("aria-label")
        or control.has_attr("aria-labelledby")
    )


def _check_marks(elements: list[Tag]) -> list[str]:
    """What is marked as required is still to be answered."""
    groups = [element for element in elements if element.name == "fieldset"]
    return [
        f"marked as required, but answered already: {group.legend}"
        for group in groups
        if group.find("legend", class_="required", recursive=False) and group.find("input", type="radio", checked=True)
    ]


def _check_numbers(elements: list[Tag]) -> list[str]:
    """A phone hides the heads of a list, so a bare number in a cell says what it counts."""
    cells = [element for element in elements if element.name == "td" and not element.has_attr("data-head")]
    bare = [cell for cell in cells if _is_bare_number(cell) and cell.find_parent("table", class_="list")]
    return [f"a number without a heading: {cell}"[:200] for cell in bare]


def _is_bare_number(cell: Tag) -> bool:
    classes = cell.get_attribute_list("class")
    return "number" in classes and "lesser" not in classes and cell.get_text(strip=True).replace(",", "").isdigit()


def _check_forms(elements: list[Tag]) -> list[str]:
    problems = []
    tokens = [element for element in elements if element.name == "input" and element.get("name") == "csrf_token"]
    hidden = [token for token in tokens if token.get("type") == "hidden" and token.has_attr("value")]
    with_token = {id(token.find_parent("form")) for token in hidden}
    for form in (element for element in elements if element.name == "form"):
        method = str(form.get("method", "get")).lower()
        has_token = id(form) in with_token
        if method == "post" and not has_token:
            problems.append(f"a POST form without a CSRF token: {form.get('action')}")
        if method == "get" and has_token:
            problems.append(f"a GET form that would put the CSRF token into the address: {form.get('action')}")
    return problems


def _check_inline_code(elements: list[Tag]) -> list[str]:
    problems = []
    for element in elements:
        if element.name == "style" or (element.name == "script" and not element.get("src")):
            problems.append(f"inline {element.name}")
        for name, value in element.attrs.items():
            if name == "style" or name.startswith("on"):
                problems.append(f"{name} on {element.name}")
            elif name in ADDRESSES and _runs_or_leaves(name, address := str(value).strip().lower()):
                problems.append(f"{name}={address[:80]}")
    return problems


def _runs_or_leaves(name: str, address: str) -> bool:
    return address.startswith(("javascript:", "data:", "vbscript:")) or (
        name in ("src", "action") and address.startswith(("http:", "https:", "//"))
    )


def _check_directions(elements: list[Tag]) -> list[str]:
    """Only the isolated text turns round, never the block that it stands in."""
    turned = [element for element in elements if "dir" in element.attrs and element.name not in MAY_TURN]
    return [f"dir on {element.name}: a typed text belongs into a <bdi>" for element in turned]


def _check_texts(texts: list[NavigableString]) -> list[str]:
    """Templates' leftovers, and typed text that stands outside of a <bdi>; inside, it may say anything."""
    problems = []
    for text in filter(SUSPECT.search, texts):
        if text.parent is None or text.parent.name in ("textarea", "title", "option"):
            continue
        if not any(ancestor.name == "bdi" for ancestor in text.parents):
            found = [mark for mark in LEFTOVERS if mark in text] + ["None"] * (text.strip() == "None")
            found += ["text from right to left outside of a <bdi>"] * bool(RIGHT_TO_LEFT.search(text))
            problems += [f"{mark} in {text.parent.name}: {text.strip()[:80]!r}" for mark in found]
    return problems
