// While somebody types a new lead or customer, what is like it stands beside the form. Saving still checks for duplicates.
import { make, isolated } from "./search.js";

const FIELDS = ["company", "name", "last_name", "email", "phone", "mobile"];
const PAUSE = 300;
const SHORTEST = 3;

export function showLookalikes() {
  const panel = document.querySelector("[data-lookalikes]");
  const form = panel?.closest(".form-page").querySelector("form");
  let timer;
  let latest = 0;
  form?.addEventListener("input", ({ target }) => {
    if (!FIELDS.includes(target.name)) return;
    clearTimeout(timer);
    timer = setTimeout(async () => {
      const asked = ++latest;
      const found = await ask(panel.dataset.lookalikes, target.value.trim());
      if (asked === latest && found) show(panel, found);
    }, PAUSE);
  });
}

// An empty answer clears the panel; no answer leaves it as it is.
async function ask(url, words) {
  if (words.length < SHORTEST) return [];
  try {
    const answer = await fetch(`${url}?${new URLSearchParams({ q: words })}`, { headers: { Accept: "application/json" } });
    return answer.ok && !answer.redirected ? (await answer.json()).results : undefined;
  } catch {
    return undefined;
  }
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
