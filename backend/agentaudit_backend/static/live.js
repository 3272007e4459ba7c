// The live tail: rows are put on top as they come; where that would move what is read, they wait.
(() => {
  const KEPT = 200, TOP = 120, SPEAK_MS = 10000;
  let source = null, address = null, heard = null, waiting = 0, unspoken = 0, spokeAt = 0;

  const button = () => document.querySelector("[data-live]");
  const words = (n) => `${n.toLocaleString("en")} new event${n === 1 ? "" : "s"}`;

  function show(state) {
    const live = button();
    if (!live) return;
    live.setAttribute("aria-pressed", String(state !== "off"));
    live.classList.toggle("lost", state === "lost");
  }

  function note(text) {
    const line = document.getElementById("live-note");
    if (!line) return;
    line.hidden = !text;
    line.firstElementChild.textContent = text;
  }

  function speak(text) {
    const status = document.getElementById("live-status");
    if (status) status.textContent = text;
    spokeAt = Date.now();
    unspoken = 0;
  }

  function came(told) {
    const body = document.querySelector("table.rows tbody");
    unspoken += told.count;
    if (told.html && body && window.scrollY < TOP && !waiting) {
      const rows = document.createElement("template");
      rows.innerHTML = told.html; // made and escaped by our own server, like the page itself
      for (const row of rows.content.querySelectorAll("tr")) row.classList.add("fresh");
      body.prepend(rows.content);
      while (body.rows.length > KEPT) body.lastElementChild.remove();
    } else {
      waiting += told.count;
      note(`Show ${words(waiting)}`);
    }
    if (Date.now() - spokeAt > SPEAK_MS) speak(words(unspoken));
  }

  function open() {
    const url = new URL(address, location.href);
    if (heard) url.searchParams.set("heard", heard);
    source = new EventSource(url);
    source.addEventListener("open", () => show("on"));
    source.addEventListener("rows", (event) => {
      heard = event.lastEventId;
      came(JSON.parse(event.data));
    });
    source.addEventListener("error", () => {
      show("lost");
      speak(`Live was lost at ${new Date().toISOString().slice(11, 19)} UTC; trying again`);
      if (source && source.readyState === EventSource.CLOSED) stop();
    });
  }

  function close() {
    if (source) source.close();
    source = null;
  }

  function start() {
    address = button().dataset.live;
    heard = null;
    waiting = 0;
    show("on");
    open();
    speak("Live: new events appear at the top");
  }

  function stop() {
    close();
    address = null;
    show("off");
  }

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-live]")) address ? stop() : start();
    else if (event.target.closest("[data-live-show]")) location.reload();
  });
  document.addEventListener("keydown", (event) => {
    const typed = event.target.closest("input, textarea, select, [contenteditable]");
    if (event.key !== "l" || typed || event.ctrlKey || event.metaKey || event.altKey) return;
    if (document.documentElement.dataset.keys !== "off") button()?.click();
  });
  document.addEventListener("visibilitychange", () => {
    if (!address) return;
    if (document.hidden) close();
    else if (!source) open();
  });
  // another filter makes another list: what was heard is not of it
  document.addEventListener("htmx:before:request", () => { if (address) stop(); });
  window.addEventListener("pagehide", close);
  if (location.hash === "#live" && button()) start(); // a session that goes on leads here
})();
