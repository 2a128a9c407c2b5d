// What can move goes to another day by dragging: the form of the page is sent for it, and stays.js draws the days again.
let taken;
let target;

function aim(day) {
  target?.classList.remove("is-target");
  target = day;
  target?.classList.add("is-target");
}

document.addEventListener("dragstart", (event) => {
  taken = event.target.closest?.("a[data-move]");
});
document.addEventListener("dragover", (event) => {
  const day = taken && event.target.closest("[data-day]");
  aim(day === taken?.closest("[data-day]") ? undefined : day);
  if (target) event.preventDefault();
});
document.addEventListener("dragend", () => {
  aim();
  taken = undefined;
});
document.addEventListener("drop", (event) => {
  const form = document.querySelector("[data-mover]");
  if (!target || !form) return;
  event.preventDefault();
  form.action = taken.dataset.move;
  form.elements.due_on.value = target.dataset.day;
  form.requestSubmit();
});
