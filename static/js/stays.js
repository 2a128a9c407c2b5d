// Small changes without a new page: of the page that the server answers, the parts marked data-live and the rows of lists
// take the place of the old ones. What it refuses, or what leads elsewhere, goes the usual way.
import { BOX, fillBox } from "./edit.js";
import { showMessages } from "./messages.js";
import { make, readPage } from "./pages.js";

const LIVE = "[data-live], tr[id]";

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || !("stays" in form.dataset)) return;
  event.preventDefault();
  if ("sent" in form.dataset) return;
  form.dataset.sent = "";
  send(form, event.submitter);
});

async function send(form, submitter) {
  const body = new URLSearchParams(new FormData(form, submitter));
  try {
    await show(form.action, { method: "POST", body }, submitter ?? form);
  } catch {
    // Nothing was saved, or nobody knows: the server tells it on a page of its own.
    if (submitter?.name) form.append(make("input", { type: "hidden", name: submitter.name, value: submitter.value }));
    form.submit();
  }
}

async function show(url, request, from) {
  const [answer, page] = await readPage(url, request);
  const box = from.closest(BOX);
  if (box && answer.status === 422) return fillBox(box, page, answer.url);
  if (!answer.ok) throw new Error(answer.statusText);
  const { pathname, search } = new URL(answer.url);
  if (pathname !== location.pathname) return location.assign(answer.url);
  const place = rememberPlace(box?.opener ?? from);
  box?.remove();
  for (const part of document.querySelectorAll(LIVE)) {
    const next = page.getElementById(part.id);
    if (next && part.querySelector("[name=ids]:checked")) next.querySelector("[name=ids]").checked = true;
    if (!next) part.remove();
    else if (!part.rowIndex || part.innerHTML !== next.innerHTML) part.replaceWith(next);
  }
  history.replaceState(history.state, "", pathname + search + location.hash);
  showMessages(page.querySelector(".messages"));
  focusAgain(place);
}

// The focus goes to the field that opened, else to the same control, or to the one that took its place.
function rememberPlace(from) {
  const part = from.closest(LIVE);
  const cell = from.closest("tr[id] > td");
  const kind = cell ? "td" : from.className.split(" ").map((name) => `.${CSS.escape(name)}`).join("");
  if (!part || !from.className) return { id: part?.id };
  return { id: part.id, kind, index: [...part.querySelectorAll(kind)].indexOf(cell ?? from) };
}

function focusAgain({ id, kind, index }) {
  const part = document.getElementById(id ?? "content");
  const kin = kind ? [...(part?.querySelectorAll(kind) ?? [])] : [];
  const target = document.querySelector("[data-live] [autofocus]") ?? kin[Math.min(index, kin.length - 1)] ?? document.querySelector("main");
  if (target.matches("td")) target.tabIndex = -1;
  (target.checkVisibility() ? target : target.closest("details")?.firstElementChild)?.focus({ preventScroll: target.matches("main") });
  target.select?.();
}
