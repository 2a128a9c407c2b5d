// A button beside a secret copies it and says so. Without this script the text of the field can be selected.
export function offerCopies() {
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", () => copy(button));
  }
}

async function copy(button) {
  const text = document.getElementById(button.dataset.copy).value;
  const answer = button.parentElement.querySelector("[role='status']");
  // Emptied first, so that it is announced each time.
  answer.textContent = "";
  const isCopied = text && ((await copyByClipboard(text)) || copyBySelection(text));
  button.focus();
  setTimeout(() => { answer.textContent = isCopied ? "Copied" : text ? "Select the text and copy it" : "Nothing to copy yet"; });
}

async function copyByClipboard(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

// Browsers have no clipboard for pages that come over plain HTTP.
function copyBySelection(text) {
  const area = document.createElement("textarea");
  area.className = "visually-hidden";
  area.value = text;
  document.body.append(area);
  area.select();
  const isCopied = document.execCommand("copy");
  area.remove();
  return isCopied;
}
