// Ticking many rows: one box for the page, Shift and a click for a stretch of rows, and how many are ticked.
// Everything hangs on the document, because the list is replaced when a filter is chosen.
import { make } from "./pages.js";

const BOXES = "input[name='ids'][form='bulk']";
const boxes = () => [...document.querySelectorAll(BOXES)];
let last;

document.addEventListener("click", (event) => {
  const box = event.target.closest?.(BOXES);
  if (!box) return;
  if (event.shiftKey && last?.isConnected) tickBetween(last, box);
  last = box;
});
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-choose-page]")) {
    for (const box of boxes()) box.checked = event.target.checked;
  }
  if (event.target.matches(`${BOXES}, [data-choose-page], #bulk-all`)) tell();
});
window.addEventListener("pageshow", offer);
// A list that was filtered anew comes without the box for the page.
const main = document.querySelector("main");
if (main) new MutationObserver(offer).observe(main, { childList: true });
offer();

function tickBetween(one, other) {
  const all = boxes();
  const [from, to] = [all.indexOf(one), all.indexOf(other)].sort((a, b) => a - b);
  for (const box of all.slice(from, to + 1)) box.checked = other.checked;
}

function offer() {
  const head = document.querySelector("[data-bulk]") && document.querySelector(".list thead .col-check");
  if (head && !head.querySelector("input")) {
    head.replaceChildren(make("input", { type: "checkbox", class: "form-check-input", "aria-label": "Select all on this page", "data-choose-page": "" }));
  }
  tell();
}

function tell() {
  const all = boxes();
  const count = all.filter((box) => box.checked).length;
  const page = document.querySelector("[data-choose-page]");
  if (page) {
    page.checked = count > 0 && count === all.length;
    page.indeterminate = count > 0 && count < all.length;
  }
  const place = document.querySelector("[data-bulk-count]");
  const text = document.querySelector("#bulk-all")?.checked ? "" : count ? `${count.toLocaleString()} selected` : "";
  if (place && place.textContent !== text) place.textContent = text;
}
