// While somebody types a new lead or customer, what is like it stands beside the form. Saving still checks for duplicates.
import { lookUp } from "./lookup.js";
import { isolated, make } from "./pages.js";

const FIELDS = ["company", "name", "last_name", "email", "phone", "mobile"];
const PAUSE = 300;
const SHORTEST = 3;

const panel = document.querySelector("[data-lookalikes]");
const form = panel?.closest(".form-page").querySelector("form");
// An empty answer clears the panel; no answer leaves it as it is.
const ask = lookUp(PAUSE, (found) => found && show(found.results ?? []));
form?.addEventListener("input", ({ target }) => {
  if (!FIELDS.includes(target.name)) return;
  const words = target.value.trim();
  ask(panel.dataset.lookalikes, words.length < SHORTEST ? "" : words);
});

function show(results) {
  panel.hidden = !results.length;
  panel.querySelector(".lookalikes-list").replaceChildren(make("ul", { class: "ruled" }, ...results.map(itemFor)));
  panel.querySelector("[role=status]").textContent = results.length ? `Similar records: ${results.length}` : "";
}

function itemFor({ name, about, kind, url }) {
  const link = make("a", { href: url, target: "_blank", rel: "noopener" }, isolated(name));
  return make("li", {}, link, make("small", {}, kind, ...about.flatMap((part) => [" · ", isolated(part)])));
}
