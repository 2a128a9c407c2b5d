// Buttons that can only work with a script show themselves where it runs.
import { make } from "./pages.js";

offer("[data-print]", () => print());
offer("[data-show-keys]", () => document.querySelector("#keys").showModal());
offer("[data-copy]", copy);

function offer(selector, act) {
  for (const button of document.querySelectorAll(selector)) {
    button.hidden = false;
    button.addEventListener("click", () => act(button));
  }
}

async function copy(button) {
  const text = document.getElementById(button.dataset.copy).value;
  const answer = button.parentElement.querySelector("[role='status']");
  // Emptied first, so that it is announced each time.
  answer.textContent = "";
  const isCopied = text && (await copyText(text));
  button.focus();
  setTimeout(() => { answer.textContent = isCopied ? "Copied" : text ? "Select the text and copy it" : "Nothing to copy yet"; });
}

// Browsers have no clipboard for pages that come over plain HTTP, and copy nothing out of the field of a password.
async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = make("textarea", { class: "visually-hidden" }, text);
    document.body.append(area);
    area.select();
    const isCopied = document.execCommand("copy");
    area.remove();
    return isCopied;
  }
}
