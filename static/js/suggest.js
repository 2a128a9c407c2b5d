// A field that names another record offers the likely ones while somebody types.
// Behind an @ in a note, colleagues are offered as buttons under it.
import { lookUp } from "./lookup.js";
import { make } from "./pages.js";

const PAUSE = 200;
const box = make("p", { class: "people", role: "group", "aria-label": "Colleagues to mention" });
let note;

for (const field of document.querySelectorAll("input[data-suggest]")) {
  const ask = lookUp(PAUSE, (names = []) => field.list.replaceChildren(...names.map((name) => new Option("", name))));
  field.addEventListener("input", () => ask(field.dataset.suggest, field.value.trim() && field.value));
}

const typed = () => note.value.slice(0, note.selectionStart).match(/(?<![\w.@+-])@(\p{L}[^@\n]*)$/u)?.[1] ?? "";
const offer = lookUp(PAUSE, (names = []) => {
  box.replaceChildren(...names.map((name) => make("button", { type: "button", class: "btn btn-quiet" }, name)));
  note.after(box);
});
document.addEventListener("input", ({ target }) => {
  if (!target.dataset.mention) return;
  note = target;
  offer(note.dataset.mention, typed());
});
box.addEventListener("click", ({ target }) => {
  note.setRangeText(`${target.textContent} `, note.selectionStart - typed().length, note.selectionStart, "end");
  box.remove();
  note.focus();
});
