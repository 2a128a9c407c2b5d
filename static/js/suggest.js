// A field that names another record offers the likely ones while somebody types; without this the number or name will do.
const PAUSE = 200;

export function suggestRecords() {
  for (const field of document.querySelectorAll("input[data-suggest]")) {
    let timer;
    let latest = 0;
    field.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(async () => {
        const asked = ++latest;
        const names = await ask(field.dataset.suggest, field.value);
        // An answer that was overtaken by a later question says nothing any more.
        if (asked === latest) field.list.replaceChildren(...names.map((name) => new Option("", name)));
      }, PAUSE);
    });
  }
}

async function ask(url, words) {
  if (!words.trim()) return [];
  try {
    const answer = await fetch(`${url}?${new URLSearchParams({ q: words })}`, { headers: { Accept: "application/json" } });
    return answer.ok ? await answer.json() : [];
  } catch {
    return [];
  }
}
