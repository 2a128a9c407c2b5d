// Cards are moved by hand: by dragging (board_drag.js), by keys (board_keys.js) and by the form on the card, which a link
// in its menu shows without any of this. All send that form; the answer is the board again, and its columns replace ours.
import { dragCards } from "./board_drag.js";
import { askWhyLost } from "./board_losing.js";
import { carryCards } from "./board_keys.js";
import { showMessages } from "./messages.js";
import { isPlain, readPage } from "./pages.js";

const LOSING = ["lost", "disqualified"];
const moving = new Map();
let line = Promise.resolve();

if (document.querySelector("[data-board]")) moveCards();

function moveCards() {
  document.documentElement.classList.add("board-moves");
  dragCards(moveCard);
  carryCards(moveCard, say);
  // Before the guard against double submits, which is not meant for a form that is sent from here.
  document.addEventListener("submit", sendForm, { capture: true });
  document.addEventListener("click", showMore);
  document.addEventListener("click", showForm);
}

// The page has one form for all cards; a copy of it takes the place of the link in the menu that is opened.
function showForm(event) {
  const card = event.target.closest(".card-menu > summary")?.closest(".card-lead");
  card?.querySelector(".card-menu > a")?.replaceWith(formFor(card));
}

function formFor(card) {
  const own = card.querySelector("form");
  if (own) return own;
  const form = document.importNode(document.querySelector("[data-move-form]").content.querySelector("form"), true);
  const status = card.closest("[data-column]").dataset.column;
  form.action = `${card.querySelector(".card-name").pathname}/status`;
  form.elements.from_status.value = status;
  form.querySelector(`option[value="${status}"]`).remove();
  return form;
}

function sendForm(event) {
  const card = event.target.closest(".card-menu > form")?.closest(".card-lead");
  // A column that is not shown can't be seen to take the card; the plain form says more.
  const column = card && columnOf(event.target.elements.status.value);
  if (!column) return;
  event.preventDefault();
  moveCard(card.id, column);
}

// Puts a card into a column at once and asks the server; whatever it does not agree to puts the card back.
async function moveCard(id, column) {
  const card = document.getElementById(id);
  const from = card?.closest("[data-column]");
  if (!card || moving.has(id) || from === column) return;
  const move = { id, from, before: card.nextElementSibling?.id, name: card.querySelector(".card-name").textContent, status: column.dataset.column };
  const reason = LOSING.includes(move.status) ? await askWhyLost(card, column) : {};
  if (!reason) return focusCard(id);
  const form = formFor(card);
  move.url = form.action;
  move.fields = new URLSearchParams(new FormData(form));
  const next = addressOf([from.dataset.column, move.status]);
  for (const [field, value] of Object.entries({ ...reason, status: move.status, next, back: move.fields.get("next") })) move.fields.set(field, value);
  card.querySelector(".card-menu").open = false;
  moving.set(id, move.status);
  const isHeld = card.contains(document.activeElement) || document.activeElement === document.body;
  put(card, column);
  line = line.then(() => send(move));
  await line;
  if (isHeld) focusCard(id);
}

async function send(move) {
  try {
    await read(move, ...(await readPage(move.url, { method: "POST", body: move.fields })));
  } catch {
    putBack(move, `The server can’t be reached. ${move.name} is back in ${move.from.dataset.label}. Try again in a moment.`);
  }
}

async function read(move, answer, page) {
  if (!answer.ok) {
    putBack(move, `${move.name} was not moved. ${reasonOn(page)}`);
    if (answer.status === 409) await refresh(move.id);
  } else if (page.querySelector("[data-board]")) {
    moving.delete(move.id);
    swap(page, move.id);
    tell(page.querySelector(".messages"));
  } else {
    // Won has a question to ask, or somebody has to sign in.
    location.assign(answer.url.includes("/sign-in") ? location.href : answer.url);
  }
}

function reasonOn(page) {
  const told = page.querySelector(".error-summary li, .error-text");
  return told?.textContent.trim() ?? "Try again in a moment.";
}

// Somebody else was here: all is asked for afresh.
async function refresh(cardId) {
  try {
    const [answer, page] = await readPage(location.href);
    if (answer.ok) swap(page, cardId);
  } catch {
    // The message stands already; the next page shows the rest.
  }
}

function addressOf(statuses) {
  const address = new URL(location.href);
  for (const name of ["status", "at"]) address.searchParams.delete(name);
  for (const status of statuses) address.searchParams.append("status", status);
  return address.pathname + address.search;
}

// The columns of an answer replace ours; cards that were asked for beyond the first ones stay.
function swap(page, movedId) {
  const pairs = [...page.querySelectorAll("[data-column]")]
    .map((fresh) => [columnOf(fresh.dataset.column), fresh])
    .filter(([column]) => column);
  const focused = document.activeElement.closest(".card-lead")?.id;
  for (const id of [movedId, ...[...page.querySelectorAll(".card-lead")].map((card) => card.id)]) {
    document.getElementById(id)?.remove();
  }
  for (const [column, fresh] of pairs) {
    column.querySelector(".column-head").replaceWith(fresh.querySelector(".column-head"));
    const list = column.querySelector("[data-cards]");
    const news = [...fresh.querySelectorAll("[data-cards] > li")];
    const further = [...list.querySelectorAll("[data-further]")];
    const scrolled = list.scrollTop;
    if (further.length) {
      list.replaceChildren(...news.filter((item) => item.id), ...further, ...list.querySelectorAll(".cards-turn:last-child"));
    } else {
      list.replaceChildren(...news);
    }
    list.scrollTop = scrolled;
  }
  // Cards that are still on their way stand where they are going.
  for (const [id, status] of moving) {
    const card = document.getElementById(id);
    if (card) put(card, columnOf(status));
  }
  if (focused) focusCard(focused);
}

function put(card, column) {
  card.setAttribute("aria-busy", "true");
  column.querySelector("[data-cards]").prepend(card);
  card.scrollIntoView({ block: "nearest", inline: "nearest" });
}

function putBack({ id, from, before }, text) {
  moving.delete(id);
  const card = document.getElementById(id);
  const list = from.querySelector("[data-cards]");
  const next = before && document.getElementById(before);
  card?.removeAttribute("aria-busy");
  if (card) list.insertBefore(card, next?.parentElement === list ? next : null);
  const fresh = document.querySelector("[data-board-message]").content.firstElementChild.cloneNode(true);
  fresh.querySelector("p > bdi").textContent = text;
  tell(fresh);
}

function columnOf(status) {
  return document.getElementById(`column-${status}`);
}

// A strip hides the cards that it takes.
function focusCard(id) {
  const card = document.getElementById(id);
  const strip = card?.closest(".column-strip");
  (strip?.querySelector("h2 > a") ?? card?.querySelector(".card-name"))?.focus();
}

async function showMore(event) {
  const link = event.target.closest("a[data-more]");
  if (!link || !isPlain(event)) return;
  event.preventDefault();
  const turn = link.parentElement;
  try {
    const [answer, page] = await readPage(link.href);
    const items = [...page.querySelectorAll(".card-lead, .cards-turn:has([data-more])")];
    if (!answer.ok || !items.length) throw new Error("no cards");
    for (const item of items) {
      document.getElementById(item.id)?.remove();
      if (item.id) item.dataset.further = "";
    }
    turn.replaceWith(...items);
    items[0].querySelector("a")?.focus();
  } catch {
    location.assign(link.href);
  }
}

function tell(messages) {
  // Heard only where it is put into what is there already.
  const told = [...(messages?.querySelectorAll("p") ?? [])].map((text) => text.textContent).join(" ");
  if (told) say(told.replace(/\s+/g, " ").trim());
  messages?.removeAttribute("role");
  showMessages(messages);
}

function say(text) {
  document.querySelector("[data-board-says]").textContent = text;
}
