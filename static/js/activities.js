// Choosing a kind of activity with a pointer goes on to its subject; with the keyboard the focus stays among the kinds.
import { isPlain } from "./pages.js";

const form = document.querySelector(".add-activity form");

form?.addEventListener("click", (event) => {
  if (event.detail > 0 && event.target.closest(".kind")) requestAnimationFrame(() => form.elements.subject.focus());
});
// The buttons on top of a record choose a kind as well, without a new page.
for (const link of document.querySelectorAll(".page-actions a[href*='log=']")) {
  link.addEventListener("click", (event) => {
    if (!form || !isPlain(event)) return;
    event.preventDefault();
    form.elements.kind.value = new URL(link.href).searchParams.get("log");
    form.elements.subject.focus();
  });
}
