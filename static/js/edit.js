// A value is edited where it stands: its pencil's page has a form of its one field, which opens over the value. Escape, or a
// press elsewhere, closes it. See stays.js for what follows when it is sent.
import { isPlain, make, readPage } from "./pages.js";

export const BOX = ".filter-box[popover]";

document.addEventListener("click", (event) => {
  const { target } = event;
  if (!isPlain(event) || getSelection().type === "Range") return;
  const box = target.closest(BOX);
  const link = target.closest("a, button, input, label, summary") ?? (box ? null : target.closest("dd")?.querySelector("[data-edit]"));
  if (!link?.matches(box ? "a.btn" : "[data-edit]")) return;
  event.preventDefault();
  if (box) box.hidePopover();
  else open(link).catch(() => location.assign(link.href));
});

async function open(link) {
  const [answer, page] = await readPage(link.href);
  const box = make("div", { class: "filter-box", popover: "auto", role: "dialog", "aria-label": link.ariaLabel });
  box.opener = link;
  fillBox(box, page, answer.url);
  box.addEventListener("toggle", (event) => event.newState === "closed" && box.remove());
  const { left, top } = link.parentElement.getBoundingClientRect();
  box.style.inset = `${top + scrollY}px 8px auto ${Math.max(8, Math.min(left, innerWidth - 344))}px`;
  document.querySelector("main").append(box);
  box.showPopover();
  focusField(box);
}

export function fillBox(box, page, url) {
  const form = page.querySelector("main form.form");
  form.hasAttribute("action") || (form.action = url);
  form.dataset.stays = "";
  box.replaceChildren(form);
  focusField(box);
}

function focusField(box) {
  const field = box.querySelector("[autofocus]");
  field?.focus();
  field?.select?.();
}
