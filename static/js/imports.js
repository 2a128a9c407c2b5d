// Files are dropped where they can be chosen, one that is too large is refused before it is sent, and a page that waits
// for the worker brings itself up to date without moving anything else.
import { readPage } from "./pages.js";

const EVERY = 2000;

const place = document.querySelector("[data-drop]");
const input = place?.querySelector('input[type="file"]');
if (input) takeFiles();
if (document.querySelector("[data-refresh]")) setTimeout(refresh, EVERY);

function takeFiles() {
  place.classList.add("is-ready");
  place.querySelector(".drop-hint").hidden = false;
  input.addEventListener("change", () => checkSize());
  for (const name of ["dragenter", "dragover", "dragleave", "drop"]) {
    place.addEventListener(name, (event) => {
      event.preventDefault();
      place.classList.toggle("is-over", name.startsWith("drage") || name === "dragover");
    });
  }
  place.addEventListener("drop", (event) => {
    if (!event.dataTransfer.files.length) return;
    input.files = event.dataTransfer.files;
    checkSize();
    input.focus();
  });
}

function checkSize() {
  const isTooLarge = [...input.files].reduce((sum, file) => sum + file.size, 0) > Number(place.dataset.limit);
  input.setCustomValidity(isTooLarge ? place.dataset.tooLarge : "");
  input.form.noValidate = !isTooLarge;
  if (isTooLarge) input.reportValidity();
}

async function refresh() {
  try {
    const [answer, page] = await readPage(location.href);
    const next = page.querySelector("[data-refresh]");
    if (answer.redirected || !answer.ok || !next) return location.reload();
    const shown = document.querySelector("[data-refresh]");
    if (next.innerHTML !== shown.innerHTML) shown.replaceChildren(...next.childNodes);
  } catch {
    // Without a connection the next try may have one.
  }
  setTimeout(refresh, EVERY);
}
