// Files are dropped where they can be chosen, one that is too large is refused before it is sent, and a page that waits
// for the worker brings itself up to date without moving anything else.
const EVERY = 2000;

export function takeFiles() {
  const place = document.querySelector("[data-drop]");
  const input = place?.querySelector('input[type="file"]');
  if (!input) return;
  place.classList.add("is-ready");
  place.querySelector(".drop-hint").hidden = false;
  input.addEventListener("change", () => checkSize(place, input));
  for (const name of ["dragenter", "dragover", "dragleave", "drop"]) {
    place.addEventListener(name, (event) => {
      event.preventDefault();
      place.classList.toggle("is-over", name.startsWith("drage") || name === "dragover");
    });
  }
  place.addEventListener("drop", (event) => {
    if (!event.dataTransfer.files.length) return;
    input.files = event.dataTransfer.files;
    checkSize(place, input);
    input.focus();
  });
}

function checkSize(place, input) {
  const isTooLarge = input.files[0]?.size > Number(place.dataset.limit);
  input.setCustomValidity(isTooLarge ? place.dataset.tooLarge : "");
  input.form.noValidate = !isTooLarge;
  if (isTooLarge) input.reportValidity();
}

export function followProgress() {
  if (document.querySelector("[data-refresh]")) setTimeout(refresh, EVERY);
}

async function refresh() {
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (answer.redirected || !answer.ok) return location.reload();
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const next = page.querySelector("[data-refresh]");
    if (!next) return location.reload();
    const shown = document.querySelector("[data-refresh]");
    if (next.innerHTML !== shown.innerHTML) shown.replaceChildren(...next.childNodes);
  } catch {
    // Without a connection the next try may have one.
  }
  setTimeout(refresh, EVERY);
}
