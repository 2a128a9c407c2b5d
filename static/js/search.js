// The search box offers what it finds while somebody types: a combobox with a list below it. Without this script, and
// with Enter as long as nothing in the list is chosen, the form leads to the page of results.
import { lookUp } from "./lookup.js";
import { isolated, make } from "./pages.js";

const PAUSE = 150;

class SearchBox {
  constructor(field) {
    this.field = field;
    this.list = make("div", { id: "search-list", class: "search-list", role: "listbox", "aria-label": "Search results", hidden: "" });
    this.news = make("p", { class: "visually-hidden", role: "status" });
    field.form.append(this.list, this.news);
    field.role = "combobox";
    field.ariaAutoComplete = "list";
    field.ariaExpanded = "false";
    field.setAttribute("aria-controls", this.list.id);
    // Without an answer there is still the page of results.
    const ask = lookUp(PAUSE, ({ results = [], says = "" } = {}) => this.show(results, says));
    field.addEventListener("input", () => ask(field.dataset.search, field.value.trim() && field.value));
    field.addEventListener("keydown", (event) => this.press(event));
    field.addEventListener("focus", () => field.value.trim() && this.list.childElementCount && this.toggle(true));
    field.form.addEventListener("focusout", (event) => {
      if (!field.form.contains(event.relatedTarget)) this.toggle(false);
    });
  }

  show(results, says) {
    this.list.replaceChildren(...results.map(optionFor));
    if (says) {
      const url = `${this.field.form.action}?${new URLSearchParams({ q: this.field.value })}`;
      this.list.append(makeOption(url, "search-all", make("span", {}, "See all results"), make("small", {}, says)));
    }
    [...this.list.children].forEach((option, place) => { option.id = `search-option-${place}`; });
    this.news.textContent = says;
    this.toggle(says && this.field.matches(":focus"));
  }

  toggle(isOpen) {
    this.choose(null);
    this.list.hidden = !isOpen;
    this.field.ariaExpanded = String(!this.list.hidden);
  }

  choose(option) {
    if (this.chosen) this.chosen.ariaSelected = "false";
    this.chosen = option;
    if (!option) return this.field.removeAttribute("aria-activedescendant");
    option.ariaSelected = "true";
    option.scrollIntoView({ block: "nearest" });
    this.field.setAttribute("aria-activedescendant", option.id);
  }

  press(event) {
    // Enter that ends the spelling of a Japanese or Chinese word belongs to the input method.
    if (event.isComposing) return;
    const options = [...this.list.children];
    if ((event.key === "ArrowDown" || event.key === "ArrowUp") && options.length) {
      if (this.list.hidden) this.toggle(true);
      const step = event.key === "ArrowDown" ? 1 : -1;
      // Before the first and after the last stands the field itself.
      const place = (options.indexOf(this.chosen) + 1 + step + options.length + 1) % (options.length + 1);
      this.choose(options[place - 1] ?? null);
    } else if (event.key === "Enter" && this.chosen) this.chosen.click();
    else if (event.key === "Escape" && !this.list.hidden) this.toggle(false);
    else return;
    event.preventDefault();
  }
}

function optionFor({ name, about, kind, url }) {
  const parts = about.flatMap((part, place) => [place ? " · " : "", isolated(part)]);
  return makeOption(
    url, "", make("span", { class: "search-name" }, isolated(name)), make("small", {}, ...parts), make("small", { class: "search-kind" }, kind),
  );
}

function makeOption(href, kind, ...parts) {
  return make("a", { class: kind, role: "option", href, tabindex: "-1", "aria-selected": "false" }, ...parts);
}

const field = document.querySelector("input[data-search]");
if (field?.dataset.search) new SearchBox(field);
