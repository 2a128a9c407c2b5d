// Cards by keys: the arrows walk over the board; Space picks a card up, the arrows choose a column, Space drops it.
let held;
let target;

export function carryCards(moveCard, say) {
  document.addEventListener("focusin", (event) => {
    const name = event.target.closest(".card-lead[data-movable] > .card-name");
    name?.setAttribute("aria-describedby", "board-keys");
  });
  document.addEventListener("focusout", () => {
    if (held) leave(say);
  });
  document.addEventListener("keydown", (event) => {
    const name = event.target.closest(".card-lead > .card-name");
    if (!name || event.ctrlKey || event.metaKey || event.altKey) return;
    const act = held ? CARRYING[event.key] : WALKING[event.key];
    if (!act) return;
    event.preventDefault();
    act(name.parentElement, { moveCard, say });
  });
}

const WALKING = {
  " ": pickUp,
  ArrowDown: (card) => focus(card.nextElementSibling),
  ArrowUp: (card) => focus(card.previousElementSibling),
  ArrowRight: (card) => walk(card, 1),
  ArrowLeft: (card) => walk(card, -1),
};
const CARRYING = {
  " ": drop,
  Enter: drop,
  ArrowRight: (card, { say }) => aim(neighbour(target, 1), say),
  ArrowLeft: (card, { say }) => aim(neighbour(target, -1), say),
  ArrowDown: () => {},
  ArrowUp: () => {},
  Escape: (card, { say }) => leave(say),
};

function focus(item) {
  item?.querySelector(":scope > .card-name, :scope > a")?.focus();
}

// To the card at the same height in the next column that has any.
function walk(card, step) {
  const place = [...card.parentElement.children].indexOf(card);
  for (let column = neighbour(card.closest("[data-column]"), step); column; column = neighbour(column, step)) {
    const cards = column.matches(".column-strip") ? [] : column.querySelectorAll(".card-lead");
    if (cards.length) return focus(cards[Math.min(place, cards.length - 1)]);
  }
}

function neighbour(column, step) {
  return step > 0 ? column.nextElementSibling : column.previousElementSibling;
}

function pickUp(card, { say }) {
  if (!("movable" in card.dataset)) {
    say(card.querySelector(".card-menu > p")?.textContent ?? "Viewers can’t move leads.");
    return;
  }
  if (card.hasAttribute("aria-busy")) return;
  held = card;
  target = card.closest("[data-column]");
  card.classList.add("is-held");
  say(`${card.querySelector(".card-name").textContent} picked up in ${target.dataset.label}.`);
}

function aim(column, say) {
  if (!column) return;
  target.classList.remove("is-target");
  target = column;
  target.classList.toggle("is-target", target !== held.closest("[data-column]"));
  target.scrollIntoView({ block: "nearest", inline: "nearest" });
  say(`${target.dataset.label}, ${target.querySelector(".count").textContent}`);
}

function drop(card, { moveCard, say }) {
  const column = target;
  if (column === card.closest("[data-column]")) return leave(say);
  letGo();
  moveCard(card.id, column);
}

function leave(say) {
  say(`${held.querySelector(".card-name").textContent} stays in ${held.closest("[data-column]")?.dataset.label ?? "its column"}.`);
  letGo();
}

function letGo() {
  target.classList.remove("is-target");
  held.classList.remove("is-held");
  held = target = undefined;
}
