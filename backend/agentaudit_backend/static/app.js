// Small comforts on top of pages that work without them: copy buttons, menus that close, a few keys.
document.documentElement.classList.add("js");

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) {
    const source = document.getElementById(button.dataset.copy);
    await navigator.clipboard.writeText(source.textContent.trim());
    const label = button.textContent;
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = label; }, 1500);
  }
  for (const open of document.querySelectorAll("details.menu[open], details.pop[open]")) {
    if (!open.contains(event.target)) open.open = false;
  }
});

let chord = false;
const PLACES = { t: "/dashboard", s: "/dashboard/sessions", a: "/dashboard/approvals", r: "/dashboard/stats", p: "/dashboard/policy" };

function rowLinks() {
  return [...document.querySelectorAll(".rows .main a")];
}

function step(by) {
  const links = rowLinks();
  if (!links.length) return;
  const at = links.indexOf(document.activeElement);
  const next = at < 0 ? (by > 0 ? 0 : links.length - 1) : at + by;
  links[Math.max(0, Math.min(links.length - 1, next))].focus();
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    const open = document.querySelector("details.menu[open], details.pop[open]");
    if (open) { open.open = false; open.querySelector("summary").focus(); }
    return;
  }
  if (document.documentElement.dataset.keys === "off") return;
  // one-letter keys never fire while somebody types or holds a modifier and can be turned off (WCAG 2.1.4)
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  if (chord) {
    chord = false;
    if (PLACES[event.key]) location.assign(PLACES[event.key]);
    return;
  }
  if (event.key === "g") { chord = true; setTimeout(() => { chord = false; }, 1200); }
  else if (event.key === "j") step(1);
  else if (event.key === "k") step(-1);
  else if (event.key === "/") {
    const search = document.querySelector("input[type=search]");
    if (search) { event.preventDefault(); search.focus(); }
  }
});

// The list announces itself once per change, and says when it is being fetched.
document.addEventListener("htmx:before:request", () => {
  document.getElementById("results")?.setAttribute("aria-busy", "true");
});
document.addEventListener("htmx:finally:request", () => {
  document.getElementById("results")?.removeAttribute("aria-busy");
});
