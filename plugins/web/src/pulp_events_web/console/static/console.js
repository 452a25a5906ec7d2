"use strict";
// Times in the reader's zone; without this script they are in UTC.
function localise(root) {
  const format = new Intl.DateTimeFormat(undefined, {dateStyle: "medium", timeStyle: "medium"});
  for (const each of root.querySelectorAll("time[datetime]")) {
    const moment = new Date(each.dateTime);
    if (isNaN(moment)) continue;
    each.title = each.textContent;
    each.textContent = format.format(moment);
  }
}
localise(document);

// The figures of the overview, live: when something happened, at most once in five seconds, they are read again.
const live = document.querySelector("[data-live]");
if (live && window.EventSource) {
  const source = new EventSource("/api/v1/tail");
  let waiting = false;
  const again = () => {
    if (waiting) return;
    waiting = true;
    setTimeout(async () => {
      waiting = false;
      try {
        const answer = await fetch(location.href, {credentials: "same-origin"});
        if (!answer.ok) return;
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const fresh = page.querySelector("[data-live]");
        if (fresh) { localise(fresh); live.replaceChildren(...fresh.childNodes); }
      } catch { /* the next event tries again */ }
    }, 5000);
  };
  for (const kind of ["delivery", "skipped", "gap"]) source.addEventListener(kind, again);
  source.onerror = () => { if (source.readyState === EventSource.CLOSED) source.close(); };
}
