// Asks the server while somebody types: after a pause, and an answer that a later question has overtaken says nothing.
// No words need no answer; where there is none, what to show is undefined.
export function lookUp(pause, show) {
  let timer;
  let latest = 0;
  return (url, words) => {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      const asked = ++latest;
      const answer = words ? await ask(url, words) : [];
      if (asked === latest) show(answer);
    }, pause);
  };
}

async function ask(url, words) {
  try {
    const answer = await fetch(`${url}?${new URLSearchParams({ q: words })}`, { headers: { Accept: "application/json" } });
    return answer.ok ? await answer.json() : undefined;
  } catch {
    return undefined;
  }
}
