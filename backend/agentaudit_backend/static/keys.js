// One-letter keys. They never fire while somebody types or holds a modifier, and can be turned off (WCAG 2.1.4).
(() => {
  const PLACES = { t: "/dashboard", s: "/dashboard/sessions", a: "/dashboard/approvals", r: "/dashboard/stats", p: "/dashboard/policy" };
  let chord = false;

  const rowLinks = () => [...document.querySelectorAll(".rows .main a")];
  const focusedRow = () => document.activeElement?.closest(".rows tbody tr");

  function step(by) {
    const links = rowLinks();
    if (!links.length) return follow(by > 0 ? ".beside a[rel=next]" : ".beside a[rel=prev]");
    const row = focusedRow();
    const at = links.findIndex((link) => row && row.contains(link));
    const next = at < 0 ? (by > 0 ? 0 : links.length - 1) : at + by;
    links[Math.max(0, Math.min(links.length - 1, next))].focus();
  }

  function select() {
    const box = focusedRow()?.querySelector(".pick input");
    if (box) box.click();
  }

  // f: only the value in focus, F: without it; from a row's own link, its menu
  function filter(out) {
    const focused = document.activeElement?.closest("[data-field]");
    if (focused && !out) return focused.click();
    if (focused) {
      const url = new URL(location.href);
      const value = focused.textContent.trim().replace(/\\/g, "\\\\").replace(/"/g, '\\"');
      const typed = url.searchParams.get("q") || "";
      url.searchParams.set("q", `${typed} -${focused.dataset.field}:"${value}"`.trim());
      url.searchParams.delete("cursor");
      return location.assign(url);
    }
    focusedRow()?.querySelector("[data-menu]")?.click();
  }

  // as its times are now; with Shift, as it is written: "the last day" goes on being that
  async function copyLink(button, asWritten = false) {
    const frozen = asWritten ? null : document.querySelector("[data-frozen]");
    const url = new URL(frozen ? frozen.dataset.frozen : location.href, location.href);
    await navigator.clipboard.writeText(url.href);
    const said = document.getElementById("live-status");
    if (said) said.textContent = frozen ? "Link copied, with its times as they are now" : "Link copied";
    if (button) flash(button, "Copied");
  }

  function flash(button, words) {
    const label = button.textContent;
    button.textContent = words;
    setTimeout(() => { button.textContent = label; }, 1500);
  }

  function openTime() {
    const summary = document.querySelector("[data-time] > summary");
    if (!summary) return;
    summary.parentElement.open = true;
    summary.parentElement.querySelector("input:not([type=hidden])")?.focus();
  }

  const follow = (rel) => document.querySelector(rel)?.click();

  const DEEDS = {
    j: () => step(1),
    k: () => step(-1),
    x: select,
    f: () => filter(false),
    F: () => filter(true),
    "[": () => follow("[data-earlier]"),
    "]": () => follow("[data-later]"),
    t: openTime,
    c: () => copyLink(document.querySelector("[data-copy-link]")),
    C: () => copyLink(document.querySelector("[data-copy-link]"), true),
    "?": () => document.getElementById("help")?.showPopover?.(),
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy-link]");
    if (button) copyLink(button, event.shiftKey);
  });

  // a search is done: the next letter is a key again, not one more letter of the query
  document.addEventListener("submit", (event) => {
    if (document.documentElement.dataset.keys !== "off" && event.target.closest("[role=search]")) document.activeElement.blur();
  });

  document.addEventListener("keydown", (event) => {
    if (document.documentElement.dataset.keys === "off") return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]")) return;
    if (chord) {
      chord = false;
      if (PLACES[event.key]) location.assign(PLACES[event.key]);
    } else if (event.key === "g") {
      chord = true;
      setTimeout(() => { chord = false; }, 1200);
    } else if (event.key === "/") {
      const search = document.querySelector("input[type=search]");
      if (search) { event.preventDefault(); search.focus(); }
    } else if (DEEDS[event.key]) {
      event.preventDefault();
      DEEDS[event.key]();
    }
  });
})();
