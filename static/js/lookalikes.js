// While somebody types a new lead or customer, what is like it stands beside the form. Saving still checks for duplicates.
import { lookUp } from "./lookup.js";
import { make, isolated } from "./search.js";

const FIELDS = ["company", "name", "last_name", "email", "phone", "mobile"];
const PAUSE = 300;
const SHORTEST = 3;

export function showLookalikes() {
  const panel = document.querySelector("[data-lookalikes]");
  const form = panel?.closest(".form-page").querySelector("form");
  // An empty answer clears the panel; no answer leaves it as it is.
  const ask = lookUp(PAUSE, (found) => found && show(panel, found.results ?? []));
  form?.addEventListener("input", ({ target }) => {
    if (!FIELDS.includes(target.name)) return;
    const words = target.value.trim();
    ask(panel.dataset.lookalikes, words.length < SHORTEST ? "" : words);
  });
}

function show(panel, results) {
  panel.hidden = !results.length;
  const list = make("ul");
  list.append(...results.map(itemFor));
  panel.querySelector(".lookalikes-list").replaceChildren(list);
  panel.querySelector("[role=status]").textContent = results.length ? `Similar records: ${results.length}` : "";
}

function itemFor(result) {
  const link = make("a", { href: result.url, target: "_blank", rel: "noopener" });
  link.append(isolated(result.name));
  const about = make("small");
  about.append(result.kind, ...result.about.flatMap((part) => [" · ", isolated(part)]));
  const item = make("li");
  item.append(link, about);
  return item;
}
