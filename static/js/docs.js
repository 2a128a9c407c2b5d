// Swagger UI, for whoever is signed in: what changes something is sent with the CSRF token of the session.
const docs = document.querySelector("#docs");
const root = document.documentElement;
const isDark = matchMedia("(prefers-color-scheme: dark)");

// Swagger UI is dark where this class is, and not where the colour scheme is.
function followTheme() {
  root.classList.toggle("dark-mode", root.dataset.theme === "dark" || (root.dataset.theme !== "light" && isDark.matches));
}
followTheme();
isDark.addEventListener("change", followTheme);

window.SwaggerUIBundle({
  url: docs.dataset.document,
  domNode: docs,
  validatorUrl: null,
  deepLinking: true,
  displayRequestDuration: true,
  persistAuthorization: false,
  requestInterceptor: (request) => {
    if (!request.headers.Authorization) request.headers["X-CSRFToken"] = docs.dataset.csrf;
    return request;
  },
});
