// A chosen filter applies at once. Empty ones stay out of the address, so that it reads well and can be passed on.
export function submitFilters() {
  for (const form of document.querySelectorAll("form[data-auto-submit]")) {
    form.addEventListener("change", (event) => {
      if (event.target.matches("select, [type=checkbox]")) form.requestSubmit();
    });
    form.addEventListener("submit", () => {
      for (const control of form.elements) {
        if (control.name && control.value === "") control.disabled = true;
      }
    });
    window.addEventListener("pageshow", () => {
      for (const control of form.elements) control.disabled = false;
    });
  }
}
