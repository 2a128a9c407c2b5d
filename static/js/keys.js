// Single keys for who likes them: they can be switched off in the account, and never act while somebody types.
const TYPED_IN = "input:not([type=checkbox], [type=radio], [type=submit]), textarea, select, [contenteditable]";
const ROWS = "main tr[data-row]";

const ACTIONS = {
  "/": (event) => reach(document.querySelector("[data-search]"), event),
  "?": () => document.querySelector("#keys")?.showModal(),
  j: () => step(1),
  k: () => step(-1),
  x: () => here()?.querySelector("input[type=checkbox]")?.click(),
  o: () => linkOf(here())?.click(),
  Enter: (event) => event.target.closest("a, button, input, select, summary") || linkOf(here())?.click(),
  e: () => edit(),
  n: () => document.querySelector("[data-key=n]")?.click(),
  c: () => document.querySelector("[data-key=c]")?.click(),
};

if (document.documentElement.dataset.keys === "on") {
  document.addEventListener("keydown", (event) => {
    const isElsewhere = event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented;
    if (isElsewhere || event.target.closest(TYPED_IN) || document.querySelector("dialog[open]")) return;
    if (Object.hasOwn(ACTIONS, event.key)) ACTIONS[event.key](event);
  });
}

function reach(field, event) {
  if (!field) return;
  event.preventDefault();
  field.focus();
  field.select();
}

const here = () => document.querySelector(`${ROWS}[aria-current]`);
export const linkOf = (row) => row?.querySelector(".name a");

// The focus goes along to the row's link: so a screen reader says where one is, and Tab goes on from there.
function step(by) {
  const rows = [...document.querySelectorAll(ROWS)];
  if (!rows.length) return document.querySelector(`main a[rel=${by > 0 ? "next" : "prev"}]`)?.click();
  const current = here() ?? document.activeElement?.closest(ROWS);
  const place = current ? rows.indexOf(current) + by : by > 0 ? 0 : rows.length - 1;
  const row = rows[Math.max(0, Math.min(rows.length - 1, place))];
  for (const other of rows) other.removeAttribute("aria-current");
  row.setAttribute("aria-current", "true");
  linkOf(row)?.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

function edit() {
  const row = here();
  const url = row ? (row.dataset.edit ?? addressOfEdit(linkOf(row))) : document.querySelector("[data-key=e]")?.href;
  if (url) location.assign(url);
}

// The link of a row may carry the way back to its list, or name a part of the page.
function addressOfEdit(link) {
  const url = new URL(link.href);
  url.pathname += "/edit";
  return url.href;
}

// Escape, or a click elsewhere, folds an open menu; Escape leaves the focus on what opened it.
const OPEN_MENU = "details.person[open], details.filter-menu[open], details.card-menu[open]";

document.addEventListener("keydown", (event) => {
  const menu = document.querySelector(OPEN_MENU);
  if (event.key !== "Escape" || !menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll(OPEN_MENU)) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
