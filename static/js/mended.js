// What is said to be wrong with a field goes as soon as somebody changes it. Only the server says whether it is right now.
document.addEventListener("input", ({ target }) => {
  const field = target.closest(".field-wrong");
  const error = field?.querySelector(".error");
  if (!error) return;
  forgetError(field, error.id);
  for (const link of document.querySelectorAll(`.error-summary a[href="#${error.id.replace(/-error$/, "")}"]`)) forgetLine(link);
  error.remove();
});

function forgetError(field, id) {
  field.classList.remove("field-wrong");
  const control = field.querySelector(`[aria-describedby~="${id}"]`);
  control.removeAttribute("aria-invalid");
  control.setAttribute("aria-describedby", control.getAttribute("aria-describedby").replace(id, "").trim());
}

function forgetLine(link) {
  const summary = link.closest(".error-summary");
  link.closest("li").remove();
  if (!summary.querySelector("li")) summary.remove();
}
