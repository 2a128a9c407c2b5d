// A chosen filter applies at once: the page around the form is fetched and put in place, the form keeps its focus,
// and the address says what is shown. Whatever goes wrong ends in the plain page at that address.

let waiting = new AbortController();

export function applyFilters() {
  const form = document.querySelector("main > form[data-filters]");
  tidyAddresses();
  if (!form) return;
  form.addEventListener("change", (event) => {
    if (event.target.matches("select, input")) show(addressOf(form));
  });
  window.addEventListener("popstate", () => location.reload());
}

// Empty filters stay out of the address, so that it reads well and can be passed on.
function tidyAddresses() {
  document.addEventListener("formdata", (event) => {
    if (!event.target.matches("form[data-filters]")) return;
    for (const [name, value] of [...event.formData]) {
      if (value === "") event.formData.delete(name);
    }
  });
}

function addressOf(form) {
  const address = new URL(form.action);
  address.search = new URLSearchParams(new FormData(form));
  return address;
}

async function show(address) {
  waiting.abort();
  waiting = new AbortController();
  try {
    const answer = await fetch(address, { signal: waiting.signal });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector("main > form[data-filters]");
    if (!answer.ok || answer.redirected || !fresh) throw new Error("not the list");
    replaceAround(document.querySelector("main > form[data-filters]"), fresh);
    document.title = page.title;
    history.pushState(null, "", address);
  } catch (error) {
    if (error.name !== "AbortError") location.assign(address);
  }
}

function replaceAround(form, fresh) {
  const all = [...fresh.parentNode.childNodes];
  const place = all.indexOf(fresh);
  for (const node of [...form.parentNode.childNodes]) if (node !== form) node.remove();
  form.before(...all.slice(0, place));
  form.after(...all.slice(place + 1));
  // The lids of the form's own menus say how much is chosen in them.
  const lids = fresh.querySelectorAll("summary");
  form.querySelectorAll("summary").forEach((lid, number) => lid.replaceChildren(...(lids[number]?.childNodes ?? [])));
}
