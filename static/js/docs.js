// Swagger UI, for whoever is signed in: what changes something is sent with the CSRF token of the session.
const docs = document.querySelector("#docs");

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
