// Cards by mouse, pen and finger. A mouse takes a card by moving it, a finger by resting on it, so that it can scroll too.
const SLACK = 5;
const REST = 350;
const EDGE = 56;
let taken;

export function dragCards(moveCard) {
  document.addEventListener("pointerdown", (event) => {
    const card = event.target.closest(".card-lead[data-movable]:not([aria-busy])");
    if (!card || event.button !== 0 || taken || event.target.closest(".card-menu")) return;
    taken = { card, id: event.pointerId, x: event.clientX, y: event.clientY, byFinger: event.pointerType === "touch" };
    if (taken.byFinger) taken.timer = setTimeout(lift, REST);
  });
  document.addEventListener("pointermove", (event) => {
    if (event.pointerId !== taken?.id) return;
    const isFar = Math.hypot(event.clientX - taken.x, event.clientY - taken.y) > SLACK;
    if (!taken.ghost && isFar) {
      if (taken.byFinger) return letGo();
      lift();
    }
    if (taken.ghost) carry(event.clientX, event.clientY);
  });
  document.addEventListener("pointerup", (event) => {
    if (event.pointerId !== taken?.id) return;
    const { card, ghost, column } = taken;
    letGo();
    if (!ghost) return;
    swallowClick();
    if (column) moveCard(card.id, column);
  });
  document.addEventListener("pointercancel", (event) => {
    if (event.pointerId === taken?.id) letGo();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && taken) letGo();
  });
  window.addEventListener("blur", letGo);
  // A finger that carries a card does not scroll, nor open a menu.
  document.addEventListener("touchmove", (event) => taken?.ghost && event.preventDefault(), { passive: false });
  document.addEventListener("contextmenu", (event) => taken?.byFinger && event.preventDefault());
  document.addEventListener("dragstart", (event) => event.target.closest?.(".card-lead[data-movable]") && event.preventDefault());
}

function lift() {
  const { card } = taken;
  const box = card.getBoundingClientRect();
  const ghost = card.cloneNode(true);
  for (const part of [ghost, ...ghost.querySelectorAll("[id]")]) part.removeAttribute("id");
  ghost.className = "card-lead card-ghost";
  ghost.style.width = `${box.width}px`;
  ghost.setAttribute("aria-hidden", "true");
  document.body.append(ghost);
  card.classList.add("is-taken");
  document.documentElement.classList.add("is-dragging");
  getSelection().removeAllRanges();
  Object.assign(taken, { ghost, dx: taken.x - box.left, dy: taken.y - box.top });
  carry(taken.x, taken.y);
  roll();
}

function carry(x, y) {
  Object.assign(taken, { x, y });
  taken.ghost.style.translate = `${x - taken.dx}px ${y - taken.dy}px`;
  const column = document.elementFromPoint(x, y)?.closest("[data-column]");
  taken.column?.classList.remove("is-target");
  taken.column = column === taken.card.closest("[data-column]") ? undefined : (column ?? undefined);
  taken.column?.classList.add("is-target");
}

// Near its edges the board comes along.
function roll() {
  if (!taken?.ghost) return;
  const board = document.querySelector("[data-board]");
  const box = board.getBoundingClientRect();
  const step = taken.x > box.right - EDGE ? 14 : taken.x < box.left + EDGE ? -14 : 0;
  if (step) {
    board.scrollLeft += step;
    carry(taken.x, taken.y);
  }
  requestAnimationFrame(roll);
}

function letGo() {
  if (!taken) return;
  clearTimeout(taken.timer);
  taken.ghost?.remove();
  taken.column?.classList.remove("is-target");
  taken.card.classList.remove("is-taken");
  document.documentElement.classList.remove("is-dragging");
  taken = undefined;
}

// The click that ends a drag opens nothing.
function swallowClick() {
  const swallow = (event) => {
    event.preventDefault();
    event.stopPropagation();
  };
  document.addEventListener("click", swallow, { capture: true, once: true });
  setTimeout(() => document.removeEventListener("click", swallow, { capture: true }), 50);
}
