"""What must hold for every page that any test fetches."""

import re
from collections import Counter
from typing import TYPE_CHECKING

from tests.markup import Tag

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
NAME_IDS = ("for", "aria-describedby", "aria-labelledby", "aria-controls", "popovertarget", "list")
ADDRESSES = ("href", "src", "action", "formaction")
# A typed text reads from right to left inside of a <bdi>, or in the field where it is typed.
MAY_TURN = ("bdi", "input", "textarea", "select")
RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
# What a template shows when something was forgotten.
LEFTOVERS = ("{{", "}}", "{%", "%}", "Undefined", "TODO", "lorem ipsum")

# Most texts hold neither, which one look at each of them tells.
SUSPECT = re.compile("|".join([*map(re.escape, LEFTOVERS), "·", r"\A\s*None\s*\Z", RIGHT_TO_LEFT.pattern]))
BLOCKS = "p, li, td, dd, h1, h2, h3, summary"
# Between two parts of which one is missing.
DANGLING = re.compile(r"\A\s*·|·\s*\Z|·\s*·")

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


def check_page(page: Tag, errors: list[str], url: str) -> None:
    """A page is valid, named, labelled and free of inline code."""
    problems = [
        *(f"invalid HTML: {error}" for error in errors if not error.startswith(TYPED)),
        *_check_names(page),
        *_check_ids(page),
        *_check_labels(page),
        *_check_marks(page),
        *_check_numbers(page),
        *_check_forms(page),
        *_check_inline_code(page),
        *_check_directions(page),
        *_check_texts(page),
    ]
    assert not problems, f"{url}:\n" + "\n".join(problems)


def _check_names(page: Tag) -> list[str]:
    if not page.has("html[lang]:not([lang=''])"):
        return ["no language"]
    headings = page.select("h1")
    if len(headings) != 1:
        return [f"{len(headings)} h1"]
    named = page.select_one("title")
    title = named.get_text() if named else ""
    heading = headings[0].get_text(" ", strip=True)
    if not heading or not " ".join(title.split()).startswith(" ".join(heading.split())):
        return [f"the title {title!r} does not begin with the h1 {heading!r}"]
    return []


def _check_ids(page: Tag) -> list[str]:
    ids = Counter(page.list_values("id"))
    problems = [f"the id {name!r} stands {number} times" for name, number in ids.items() if number > 1]
    for attribute in NAME_IDS:
        missing = [name for value in page.list_values(attribute) for name in value.split() if name not in ids]
        problems += [f"{attribute} names {name!r}, which is not there" for name in missing]
    links = [str(link["href"]) for link in page.select("a[href^='#']")]
    return problems + [f"the link {link} leads nowhere" for link in links if link[1:] not in ids]


def _check_labels(page: Tag) -> list[str]:
    labelled = set(page.list_values("for"))
    fields = [field for field in page.select("input, select, textarea") if field.get("type") not in NEEDS_NO_LABEL]
    problems = [f"no label: {field}"[:200] for field in fields if not _has_name(field, labelled)]
    for element in page.select("a, button"):
        seen, said = element.get_text(), element.get("aria-label")
        if not seen.strip() and not said and not element.has("img[alt]"):
            problems.append(f"no words: {element}"[:200])
        elif said is not None and _fold(seen) not in _fold(said):
            problems.append(f"who says what is seen can't press it: {element}"[:200])
    return problems + [f"no alt: {image}" for image in page.select("img:not([alt])")]


def _fold(words: str) -> str:
    """Words as they are spoken: without signs and capitals."""
    return " ".join(re.findall(r"\w+", words.casefold()))


def _has_name(control: Tag, labelled: set[str]) -> bool:
    return (
        control.get("id") in labelled
        or control.has_attr("aria-label")
        or control.has_attr("aria-labelledby")
        or control.closest("label") is not None
    )


def _check_marks(page: Tag) -> list[str]:
    """What is marked as required is still to be answered."""
    return [
        f"marked as required, but answered already: {group.select_one('legend')}"
        for group in page.select("fieldset:has(> legend.required)")
        if group.has("input[type=radio][checked]")
    ]


def _check_numbers(page: Tag) -> list[str]:
    """A phone hides the heads of a list, so a bare number in a cell says what it counts."""
    cells = page.select("table.list td.number:not(.lesser, [data-head])")
    bare = [cell for cell in cells if cell.get_text(strip=True).replace(",", "").isdigit()]
    return [f"a number without a heading: {cell}"[:200] for cell in bare]


def _check_forms(page: Tag) -> list[str]:
    problems = []
    for form in page.select("form"):
        method = str(form.get("method", "get")).lower()
        has_token = form.has("input[type=hidden][name=csrf_token][value]")
        if method == "post" and not has_token:
            problems.append(f"a POST form without a CSRF token: {form.get('action')}")
        if method == "get" and has_token:
            problems.append(f"a GET form that would put the CSRF token into the address: {form.get('action')}")
    return problems


def _check_inline_code(page: Tag) -> list[str]:
    problems = [f"inline {code.name}" for code in page.select("style, script:not([src]), script[src='']")]
    problems += [f"{name} on {tag}" for tag, name in page.list_names() if name == "style" or name.startswith("on")]
    for name in ADDRESSES:
        addresses = [value.strip().lower() for value in page.list_values(name)]
        problems += [f"{name}={address[:80]}" for address in addresses if _runs_or_leaves(name, address)]
    return problems


def _runs_or_leaves(name: str, address: str) -> bool:
    return address.startswith(("javascript:", "data:", "vbscript:")) or (
        name in ("src", "action") and address.startswith(("http:", "https:", "//"))
    )


def _check_directions(page: Tag) -> list[str]:
    """Only the isolated text turns round, never the block that it stands in."""
    turned = page.select(f"[dir]:not({', '.join(MAY_TURN)})")
    return [f"dir on {element.name}: a typed text belongs into a <bdi>" for element in turned]


def _check_texts(page: Tag) -> list[str]:
    """Templates' leftovers, and typed text that stands outside of a <bdi>; inside, it may say anything."""
    problems = []
    for text, around in page.list_texts(SUSPECT):
        if around.name not in ("textarea", "title", "option") and around.closest("bdi") is None:
            found = [mark for mark in LEFTOVERS if mark in text] + ["None"] * (text.strip() == "None")
            found += ["text from right to left outside of a <bdi>"] * bool(RIGHT_TO_LEFT.search(text))
            problems += [f"{mark} in {around.name}: {text.strip()[:80]!r}" for mark in found]
            block = around.closest(BLOCKS) if "·" in text else None
            if block is not None and DANGLING.search(block.get_text()):
                problems.append(f"a “·” without a part on both sides: {block.get_text(' ', strip=True)[:200]!r}")
    return problems
