// Each message stays until its button, or the next page, dismisses it; without this script there is no button.
import { make } from "./pages.js";

dismissMessages();

function dismissMessages() {
  for (const message of document.querySelectorAll("[data-message]")) {
    const button = make("button", { type: "button", class: "message-close", "aria-label": "Dismiss this message" }, "×");
    button.addEventListener("click", () => {
      const list = message.parentElement;
      message.remove();
      if (!list.childElementCount) list.remove();
      document.querySelector("main").focus({ preventScroll: true });
    });
    message.append(button);
  }
  readOut(document.querySelector(".messages[role]"));
}

// Those of an answer take the place of what is shown.
export function showMessages(messages) {
  document.querySelector(".messages")?.remove();
  if (!messages) return;
  document.querySelector(".skip-link").after(messages);
  dismissMessages();
}

// A screen reader reads what is put into a status, not what stands in it when the page opens.
function readOut(status) {
  if (!status) return;
  setTimeout(() => status.contains(document.activeElement) || status.replaceChildren(...status.childNodes), 150);
}
