// Each message gets its button to dismiss it; without this script it simply stays until the next page.
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
}
