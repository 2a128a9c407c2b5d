// "/" goes to the search box, unless someone is typing.
export function focusSearch() {
  const search = document.querySelector("[data-search]");
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select, [contenteditable]");
    if (!search || event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || typing) return;
    event.preventDefault();
    search.focus();
    search.select();
  });
}

// Escape, or a click elsewhere, folds an open menu; Escape leaves the focus on what opened it.
const OPEN_MENU = "details.person[open], details.filter-menu[open], details.card-menu[open]";

export function foldMenus() {
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
}
