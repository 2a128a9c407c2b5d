// The search box offers what it finds while somebody types: a combobox with a list below it. Without this script, and
// with Enter as long as nothing in the list is chosen, the form leads to the page of results.
const PAUSE = 150;

export function offerResults() {
  const field = document.querySelector("input[data-search]");
  if (field?.dataset.search) new SearchBox(field);
}

class SearchBox {
  constructor(field) {
    this.field = field;
    this.url = field.dataset.search;
    this.asked = new AbortController();
    this.list = make("div", { id: "search-list", role: "listbox", "aria-label": "Search results", hidden: "" });
    this.list.className = "search-list";
    this.news = make("p", { role: "status" });
    this.news.className = "visually-hidden";
    field.form.append(this.list, this.news);
    for (const [name, value] of Object.entries({
      role: "combobox", "aria-autocomplete": "list", "aria-controls": this.list.id, "aria-expanded": "false",
    })) field.setAttribute(name, value);
    field.addEventListener("input", () => this.wait());
    field.addEventListener("keydown", (event) => this.press(event));
    field.addEventListener("focus", () => this.field.value.trim() && this.list.childElementCount && this.open());
    field.form.addEventListener("focusout", (event) => {
      if (!field.form.contains(event.relatedTarget)) this.close();
    });
  }

  wait() {
    clearTimeout(this.timer);
    this.asked.abort();
    if (!this.field.value.trim()) this.show([], "");
    else this.timer = setTimeout(() => this.ask(), PAUSE);
  }

  async ask() {
    this.asked = new AbortController();
    const address = `${this.url}?${new URLSearchParams({ q: this.field.value })}`;
    try {
      const answer = await fetch(address, { signal: this.asked.signal, headers: { Accept: "application/json" } });
      if (!answer.ok || answer.redirected) return this.show([], "");
      const { results, says } = await answer.json();
      this.show(results, says);
    } catch (error) {
      // An answer that was overtaken says nothing; without an answer there is still the page of results.
      if (error.name !== "AbortError") this.show([], "");
    }
  }

  show(results, says) {
    this.list.replaceChildren(...results.map(optionFor));
    if (says) this.list.append(this.wayOn(says));
    [...this.list.children].forEach((option, place) => { option.id = `search-option-${place}`; });
    this.news.textContent = says;
    if (says && this.field.matches(":focus")) this.open();
    else this.close();
  }

  wayOn(says) {
    const address = `${this.field.form.action}?${new URLSearchParams({ q: this.field.value })}`;
    const option = make("a", { role: "option", href: address, tabindex: "-1", "aria-selected": "false" });
    option.className = "search-all";
    option.append(make("span", {}, "See all results"), make("small", {}, says));
    return option;
  }

  open() {
    this.choose(null);
    this.list.hidden = false;
    this.field.setAttribute("aria-expanded", "true");
  }

  close() {
    this.choose(null);
    this.list.hidden = true;
    this.field.setAttribute("aria-expanded", "false");
  }

  choose(option) {
    this.chosen?.setAttribute("aria-selected", "false");
    this.chosen = option;
    if (!option) return this.field.removeAttribute("aria-activedescendant");
    option.setAttribute("aria-selected", "true");
    option.scrollIntoView({ block: "nearest" });
    this.field.setAttribute("aria-activedescendant", option.id);
  }

  press(event) {
    // Enter that ends the spelling of a Japanese or Chinese word belongs to the input method.
    if (event.isComposing) return;
    const options = [...this.list.children];
    if ((event.key === "ArrowDown" || event.key === "ArrowUp") && options.length) {
      event.preventDefault();
      if (this.list.hidden) this.open();
      const step = event.key === "ArrowDown" ? 1 : -1;
      // Before the first and after the last stands the field itself.
      const place = (options.indexOf(this.chosen) + 1 + step + options.length + 1) % (options.length + 1);
      this.choose(options[place - 1] ?? null);
    } else if (event.key === "Enter" && this.chosen) {
      event.preventDefault();
      this.chosen.click();
    } else if (event.key === "Escape" && !this.list.hidden) {
      event.preventDefault();
      this.close();
    }
  }
}

function optionFor(result) {
  const option = make("a", { role: "option", href: result.url, tabindex: "-1", "aria-selected": "false" });
  const name = make("span");
  name.className = "search-name";
  name.append(isolated(result.name));
  const about = make("small");
  about.append(...result.about.flatMap((part, place) => [place ? " · " : "", isolated(part)]));
  const kind = make("small", {}, result.kind);
  kind.className = "search-kind";
  option.append(name, kind, about);
  return option;
}

// A name in Arabic keeps its own direction and does not turn round what stands beside it.
export function isolated(pieces) {
  const element = make("bdi");
  element.append(...piecesOf(pieces));
  return element;
}

function piecesOf(pieces) {
  return pieces.map(([text, isMatch]) => (isMatch ? make("mark", {}, text) : document.createTextNode(text)));
}

export function make(tag, attributes = {}, text = "") {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.textContent = text;
  return element;
}
