"""What axe finds on a page; colours only where they look as nowhere before."""

from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

# Most of axe's time goes into what is behind each text.
OF_COLOURS = ("color-contrast", "link-in-text-block")

# Rows, items and cards made of the same elements and classes as two others before them.
LEAVE_OUT_REPEATED_ROWS = """() => {
  const seen = new Map();
  for (const row of document.querySelectorAll("main :is(tr, li, option)")) {
    const parts = [row, ...row.querySelectorAll("*")];
    const made = parts.map((part) => `${part.tagName}.${part.className.baseVal ?? part.className}`).join();
    seen.set(made, (seen.get(made) ?? 0) + 1);
    if (seen.get(made) > 2) row.remove();
  }
}"""

# Notes an element of each look: colours and font of a text, what is behind it, and where it stands if it may lie on
# something else.
FIND_LOOKS = """() => {
  const found = new Map();
  const number = (text) => {
    let [one, other] = [0, 0];
    for (let at = 0; at < text.length; at++) {
      one = Math.imul(one ^ text.charCodeAt(at), 2654435761);
      other = Math.imul(other ^ text.charCodeAt(at), 1597334677);
    }
    return `${one}:${other}`;
  };
  const behind = new Map([[null, ""]]);
  const lookBehind = (element) => {
    if (!behind.has(element)) {
      const style = getComputedStyle(element);
      const { backgroundColor, backgroundImage, opacity, filter, mixBlendMode } = style;
      const own = [backgroundColor, backgroundImage, opacity, filter, mixBlendMode].join();
      const isDisabled = element.matches(":disabled, [aria-disabled=true], [inert]");
      const parts = [lookBehind(element.parentElement)];
      if (own !== "rgba(0, 0, 0, 0),none,1,none,normal") parts.push(own);
      if (mayCover(style)) parts.push(place(element));
      if (isDisabled) parts.push("disabled");
      behind.set(element, parts.join("|"));
    }
    return behind.get(element);
  };
  const mayCover = (style) => ["absolute", "fixed", "sticky"].includes(style.position) || style.transform !== "none" ||
    (style.position === "relative" && (parseFloat(style.top) || parseFloat(style.left))) || style.margin.includes("-");
  const place = (element) => {
    const steps = [];
    for (let it = element; it !== null; it = it.parentElement) steps.push(`${it.tagName}.${it.getAttribute("class")}`);
    return steps.join();
  };
  const hasText = (element) => element.matches("input, select, textarea") ||
    [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim() !== "");
  for (const element of document.body.querySelectorAll("*")) {
    if (!hasText(element) || !element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    const around = getComputedStyle(element.parentElement);
    const look = [element.tagName, style.color, style.fontSize, style.fontWeight, style.fontStyle, style.textShadow,
      style.textDecorationLine, style.display, around.color, around.display, lookBehind(element)].join();
    if (!found.has(look)) found.set(look, element);
  }
  window.looks = new Map([...found].map(([look, element]) => [number(look), element]));
  return [...window.looks.keys()];
}"""

RUN_AXE = """async ([options, looks]) =>
  (await axe.run(looks === null ? document : looks.map((look) => window.looks.get(look)), options)).violations"""


def find_violations(page: Page, *, has_colours: bool = True) -> list[str]:
    """What axe finds on a page, each with the element it is about.

    :param has_colours: whether it judges colours too
    """
    # Off unless asked for: how large what can be pressed is, and how far from the next.
    rules = {"target-size": {"enabled": True}}
    if not has_colours:
        rules |= {rule: {"enabled": False} for rule in OF_COLOURS}
    return _run_axe(page, {"rules": rules})


def find_wrong_colours(page: Page, seen: set[str]) -> list[str]:
    """What axe says of the colours of texts that look as none before them.

    :param seen: how texts looked that axe has judged; those of this page are added
    """
    new = [look for look in page.evaluate(FIND_LOOKS) if look not in seen]
    seen.update(new)
    return _run_axe(page, {"runOnly": {"type": "rule", "values": OF_COLOURS}}, new) if new else []


def _run_axe(page: Page, options: dict[str, Any], looks: list[str] | None = None) -> list[str]:
    if page.evaluate("typeof axe === 'undefined'"):
        page.evaluate(AXE_SCRIPT)
    violations = page.evaluate(RUN_AXE, [options | {"resultTypes": ["violations"]}, looks])
    return [
        f"{violation['id']}: {violation['help']}: {node['html'][:200]} {node.get('failureSummary', '')[:300]}"
        for violation in violations
        for node in violation["nodes"]
    ]


def leave_out_repeated_rows(page: Page) -> None:
    """Keep the first two rows of each make: to axe the rest are the same, and each takes it as long."""
    page.evaluate(LEAVE_OUT_REPEATED_ROWS)
