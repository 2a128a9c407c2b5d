// A chosen filter applies at once: the page around the form is fetched and put in place, the form keeps its focus,
// and the address says what is shown. Whatever goes wrong ends in the plain page at that address.
import { readPage } from "./pages.js";

const FORM = "main > form[data-filters]";
let waiting = new AbortController();

const form = document.querySelector(FORM);
form?.addEventListener("change", (event) => {
  if (event.target.matches("select, input")) show(address());
});
if (form) window.addEventListener("popstate", () => location.reload());

// Empty filters stay out of the address, so that it reads well and can be passed on.
document.addEventListener("formdata", (event) => {
  if (!event.target.matches("form[data-filters]")) return;
  for (const [name, value] of [...event.formData]) {
    if (value === "") event.formData.delete(name);
  }
});

function address() {
  const url = new URL(form.action);
  url.search = new URLSearchParams(new FormData(form));
  return url;
}

async function show(url) {
  waiting.abort();
  waiting = new AbortController();
  try {
    const [answer, page] = await readPage(url, { signal: waiting.signal });
    const fresh = page.querySelector(FORM);
    if (!answer.ok || answer.redirected || !fresh) throw new Error("not the list");
    replaceAround(fresh);
    document.title = page.title;
    history.pushState(null, "", url);
  } catch (error) {
    if (error.name !== "AbortError") location.assign(url);
  }
}

function replaceAround(fresh) {
  const all = [...fresh.parentNode.childNodes];
  const place = all.indexOf(fresh);
  for (const node of [...form.parentNode.childNodes]) if (node !== form) node.remove();
  form.before(...all.slice(0, place));
  form.after(...all.slice(place + 1));
  // The lids of the form's own menus say how much is chosen in them.
  const lids = fresh.querySelectorAll("summary");
  form.querySelectorAll("summary").forEach((lid, number) => lid.replaceChildren(...(lids[number]?.childNodes ?? [])));
}
