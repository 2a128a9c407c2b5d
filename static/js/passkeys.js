// Asks the browser for a passkey, and sends its answer by the form.
const form = document.querySelector("[data-passkey]");

function show(state) {
  for (const text of form.querySelectorAll("[data-when]")) text.hidden = text.dataset.when !== state;
}

async function ask() {
  show("asking");
  const { passkey, options } = form.dataset;
  const kind = passkey === "create" ? "Creation" : "Request";
  try {
    const publicKey = PublicKeyCredential[`parse${kind}OptionsFromJSON`](JSON.parse(options));
    form.elements.answer.value = JSON.stringify(await navigator.credentials[passkey]({ publicKey }));
    form.submit();
  } catch (error) {
    show(error.name === "InvalidStateError" ? "known" : "failed");
    form.querySelector("button").hidden = false;
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  ask();
});

if (window.PublicKeyCredential?.parseCreationOptionsFromJSON) ask();
