// Choosing a kind of activity with a pointer goes on to its subject; with the keyboard the focus stays among the kinds.
// The buttons on top of a record choose a kind as well, without a new page; a call then has a subject to keep or type over.
import { isPlain } from "./pages.js";

document.addEventListener("click", (event) => {
  const form = document.querySelector(".add-activity form");
  const link = event.target.closest(".page-actions a[href*='log=']");
  if (!form || !isPlain(event)) return;
  if (link) {
    event.preventDefault();
    form.elements.kind.value = new URL(link.href).searchParams.get("log");
    if (form.elements.kind.value === "call") form.elements.subject.value ||= "Call";
  }
  if (!link && !(event.detail && event.target.closest(".kind"))) return;
  requestAnimationFrame(() => {
    form.elements.subject.focus();
    if (link) form.elements.subject.select();
  });
});
