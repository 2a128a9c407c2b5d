// Each message stays until its button, or the next page, dismisses it; without this script there is no button.
export function dismissMessages() {
  for (const message of document.querySelectorAll("[data-message]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "message-close";
    button.setAttribute("aria-label", "Dismiss this message");
    button.textContent = "×";
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

// A screen reader reads what is put into a status, not what stands in it when the page opens.
function readOut(status) {
  if (!status) return;
  setTimeout(() => status.contains(document.activeElement) || status.replaceChildren(...status.childNodes), 150);
}
