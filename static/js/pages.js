// Pages that a script asks for, and what it makes of them.
export async function readPage(url, request) {
  const answer = await fetch(url, request);
  return [answer, new DOMParser().parseFromString(await answer.text(), "text/html")];
}

// A click that opens another tab or window belongs to the browser.
export const isPlain = (event) => !event.button && !event.ctrlKey && !event.metaKey && !event.shiftKey;

export function make(tag, attributes = {}, ...parts) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...parts);
  return element;
}

// A name in Arabic keeps its own direction and does not turn round what stands beside it.
export const isolated = (pieces) => make("bdi", {}, ...pieces.map(([text, isMatch]) => (isMatch ? make("mark", {}, text) : text)));
