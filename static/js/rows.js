// A press anywhere on a row opens its record. Links, boxes and marked text keep what they do; the name stays the link.
import { linkOf } from "./keys.js";

for (const type of ["click", "auxclick"]) document.addEventListener(type, open);

function open(event) {
  const row = event.target.closest("tr[data-row]");
  const link = linkOf(row);
  if (!link || event.button > 1 || event.target.closest("a, button, input, label, summary") || getSelection().type === "Range") return;
  const isNewTab = event.button === 1 || event.ctrlKey || event.metaKey;
  if (isNewTab) window.open(link.href, "_blank", "noopener");
  else link.click();
}
