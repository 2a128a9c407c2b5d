// Choosing a kind of activity with a pointer goes on to its subject; with the keyboard the focus stays among the kinds.
export function logActivities() {
  const form = document.querySelector(".add-activity form");
  form?.addEventListener("click", (event) => {
    if (event.detail > 0 && event.target.closest(".kind")) requestAnimationFrame(() => form.elements.subject.focus());
  });
}
