// A field that names another record offers the likely ones while somebody types; without this the number or name will do.
import { lookUp } from "./lookup.js";

const PAUSE = 200;

for (const field of document.querySelectorAll("input[data-suggest]")) {
  const ask = lookUp(PAUSE, (names = []) => field.list.replaceChildren(...names.map((name) => new Option("", name))));
  field.addEventListener("input", () => ask(field.dataset.suggest, field.value.trim() && field.value));
}
