// The switcher of versions: each is a folder beside this one. From a server the list is that of today, which knows of
// versions that came after this page; from a file, it is the one that the page was built with.
"use strict";
(() => {
  const fill = (select, list) => {
    const current = select.dataset.this;
    select.replaceChildren(
      ...list.versions.map(({ folder, name }) => new Option(name, folder, false, folder === current)),
    );
    if (list.newest !== current && !document.querySelector(".old-version")) {
      const notice = document.createElement("p");
      notice.className = "old-version";
      const link = document.createElement("a");
      link.href = place(select, list.newest, "index.html");
      link.textContent = list.newest;
      notice.append(`These are the documents of version ${current}; the newest is `, link, ".");
      document.querySelector("article")?.prepend(notice);
    }
  };
  const root = (select) => new URL(document.documentElement.dataset.content_root || "./", location.href);
  const place = (select, folder, page) => new URL(`../${folder}/${page}`, root(select)).href;
  const go = async (select) => {
    const page = place(select, select.value, select.dataset.page);
    const there = await fetch(page, { method: "HEAD" }).then((answer) => answer.ok, () => location.protocol === "file:");
    location.assign(there ? page : place(select, select.value, "index.html"));
  };
  for (const select of document.querySelectorAll(".versions select")) {
    select.addEventListener("change", () => go(select));
    if (location.protocol !== "file:") {
      fetch(new URL("../versions.json", root(select)))
        .then((answer) => (answer.ok ? answer.json() : null), () => null)
        .then((list) => list && fill(select, list));
    }
  }
})();
