// A second click on a slow day sends nothing. The server would bear it; the person need not wonder.
const SENT = "sent";

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (SENT in form.dataset) return event.preventDefault();
  form.dataset[SENT] = "";
  event.submitter?.setAttribute("aria-disabled", "true");
  sessionStorage[location.pathname] = scrollY;
});

// Coming back by the browser's button finds the form ready again.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset[SENT];
    form.querySelector("[aria-disabled]")?.removeAttribute("aria-disabled");
  }
});

// A page that a button leads back to stays where it was.
const y = sessionStorage[location.pathname];
sessionStorage.clear();
if (y && !location.hash && !document.querySelector("main [autofocus]")) scrollTo(0, y);
