"use strict";

// Times in the reader's zone; without this script they are in UTC.
const format = new Intl.DateTimeFormat(undefined, {dateStyle: "medium", timeStyle: "medium"});
function localise(root) {
  for (const each of root.querySelectorAll("time[datetime]")) {
    const moment = new Date(each.dateTime);
    if (isNaN(moment)) continue;
    each.title = each.textContent;
    each.textContent = format.format(moment);
  }
  for (const each of root.querySelectorAll("option[data-time]")) {
    const moment = new Date(each.dataset.time);
    if (!isNaN(moment)) each.textContent = `${each.dataset.text} · ${format.format(moment)}`;
  }
}

// Fields for a time: the reader chooses in their own zone, and the URL, which others may get, has UTC.
function localTime(moment) {
  const two = (number) => String(number).padStart(2, "0");
  return `${moment.getFullYear()}-${two(moment.getMonth() + 1)}-${two(moment.getDate())}` +
    `T${two(moment.getHours())}:${two(moment.getMinutes())}:${two(moment.getSeconds())}`;
}
for (const field of document.querySelectorAll("input[data-moment]")) {
  const text = field.value, zoned = /(?:Z|[+-]\d\d:?\d\d)$/i.test(text);
  const moment = new Date(zoned ? text : text + (text.includes("T") ? "Z" : "T00:00Z"));
  if (text && isNaN(moment)) continue;  // it is refused beside: what was typed stays
  field.value = "";
  field.type = "datetime-local";
  field.step = 1;
  field.value = text ? localTime(moment) : "";
  field.labels[0].textContent = field.labels[0].dataset.local;
  const sent = document.createElement("input");
  sent.type = "hidden";
  sent.name = field.name;
  field.removeAttribute("name");
  field.form.append(sent);
  field.form.addEventListener("submit", () => {
    const chosen = new Date(field.value);
    sent.value = field.value && !isNaN(chosen) ? chosen.toISOString().replace(".000Z", "Z") : "";
    sent.disabled = !sent.value;
  });
}

// A form is sent once, however often its button is pressed until the answer comes; and one that the server would not
// take stays, with what was typed.
const PATIENCE = 10000;
let sent = null;
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  const size = new Blob([new URLSearchParams(new FormData(form)).toString()]).size, most = document.body.dataset.most;
  const before = form.querySelector(".too-large");
  if (most && size > Number(most)) {
    event.preventDefault();
    const said = before ?? form.appendChild(document.createElement("p"));
    said.className = "warn too-large";
    said.setAttribute("role", "alert");
    said.textContent = `This is too large to be sent: ${size} octets; the server takes ${most}. Shorten it.`;
    said.scrollIntoView();
  } else if (sent === form) event.preventDefault();
  else {
    sent = form;
    setTimeout(() => { sent = null; }, PATIENCE);  // whoever stopped waiting may press again
  }
});
window.addEventListener("pageshow", () => { sent = null; });

// What changes while one looks: when a delivery changed, and every ten seconds, the page is read again, and each part
// with `data-live` that differs is replaced, unless it has the focus. Of `data-live`, the first part's are the filters
// of the stream of changes.
const AT_ONCE = 300, PAUSE = 2000, EVERY = 10000;
const parts = [...document.querySelectorAll("[data-live][id]")];
function follow() {
  // The token of a form is another one each time that a page is made.
  const content = (part) => part.innerHTML.replace(/(name="csrf_token" value=")[^"]*/g, "$1");
  const shown = new Map(parts.map((part) => [part.id, content(part)]));
  const said = document.getElementById("live");
  const words = {live: "Live", lost: "The server does not answer. What you see may be old; trying again.",
                 failed: "The server answers with an error. What you see may be old; trying again.",
                 gone: "What this page shows is not there any more.",
                 refused: "You may not see this page any more.",
                 out: "You are logged out; load the page again to log in."};
  const meaning = {401: "out", 403: "refused", 404: "gone", 410: "gone"};
  // The answer to a button may stand at an address that only takes what is sent to it.
  const address = document.body.dataset.page || location.href;
  let state = "", last = 0, due = null, source = null;
  const say = (now) => {
    if (now === state || !said) return;
    state = now;
    said.hidden = false;
    said.classList.toggle("warn", now !== "live");
    said.textContent = words[now];
  };
  const replace = (page) => {
    for (const {id} of parts) {
      const here = document.getElementById(id), fresh = page.getElementById(id);
      if (!here || !fresh || content(fresh) === shown.get(id) || here.contains(document.activeElement)) continue;
      shown.set(id, content(fresh));
      const open = [...here.querySelectorAll("details")].map((each) => each.open);
      fresh.querySelectorAll("details").forEach((each, index) => { each.open = open[index] ?? each.open; });
      localise(fresh);
      here.className = fresh.className;
      here.replaceChildren(...fresh.childNodes);
    }
  };
  const look = async () => {
    due = null;
    last = Date.now();
    try {
      const answer = await fetch(address, {credentials: "same-origin", redirect: "manual"});
      if (answer.type === "opaqueredirect") return say("out");
      if (!answer.ok) return say(meaning[answer.status] ?? "failed");
      replace(new DOMParser().parseFromString(await answer.text(), "text/html"));
      say("live");
    } catch { say("lost"); }
  };
  const soon = () => { due ??= setTimeout(look, Math.max(AT_ONCE, last + PAUSE - Date.now())); };
  const isRefused = () => source.readyState === EventSource.CLOSED;
  const listen = () => {
    if (source && !isRefused()) return;
    const query = new URLSearchParams({...JSON.parse(parts[0].dataset.live || "{}"), last: 0});
    source = new EventSource(`${document.body.dataset.tail}?${query}`);
    // `open`: what happened before the stream began, or while its connection was lost, is not told by it.
    for (const kind of ["open", "delivery", "skipped", "gap"]) source.addEventListener(kind, soon);
    // Refused: the server may just not have noticed that the page before this one is gone, and its stream with it.
    source.addEventListener("error", () => { if (isRefused() && state === "live") setTimeout(begin, PAUSE); });
  };
  // A page that nobody looks at holds no connection: a browser has six of them for all its tabs.
  const begin = () => { if (document.hidden) { source?.close(); } else { listen(); } };
  document.addEventListener("visibilitychange", begin);
  window.addEventListener("pagehide", () => source?.close());
  window.addEventListener("pageshow", (event) => { if (event.persisted) begin(); });
  setInterval(() => { if (!document.hidden) { listen(); soon(); } }, EVERY);
  if (!document.hidden) listen();
  say("live");
}
if (parts.length && window.EventSource) follow();
localise(document);
