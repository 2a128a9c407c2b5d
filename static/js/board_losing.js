// A card that goes to Lost says why first. Gives the fields to send, or nothing where the person thinks better of it.
const WORDS = {
  lost: [(name) => `Mark ${name} as lost`, "Mark as lost"],
  disqualified: [(name) => `Disqualify ${name}`, "Disqualify"],
};

export function askWhyLost(card, column) {
  const dialog = document.querySelector("[data-losing]");
  const form = dialog.querySelector("form");
  const [title, button] = WORDS[column.dataset.column];
  dialog.querySelector("[data-losing-title]").textContent = title(card.querySelector(".card-name").textContent);
  dialog.querySelector("[data-losing-button]").textContent = button;
  form.reset();
  form.onchange = () => { form.elements.lost_note.required = form.elements.lost_reason.value === "other"; };
  form.onchange();
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((answer) => {
    dialog.addEventListener("close", () => {
      answer(dialog.returnValue === "lose" ? Object.fromEntries(new FormData(form)) : undefined);
    }, { once: true });
  });
}
