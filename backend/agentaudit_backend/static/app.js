// Small comforts on top of pages that work without them: copy buttons, menus that close.
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
  const show = event.target.closest("[data-show]");
  if (show) {
    const field = document.getElementById(show.dataset.show);
    const shown = field.type === "password";
    field.type = shown ? "text" : "password";
    show.setAttribute("aria-pressed", String(shown));
  }
  for (const open of document.querySelectorAll("details.menu[open], details.pop[open]")) {
    if (!open.contains(event.target)) open.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const open = document.querySelector("details.menu[open], details.pop[open]");
  if (open) { open.open = false; open.querySelector("summary").focus(); }
});

// A file that somebody has waited for is fetched once, as soon as the page says that it is whole.
function take() {
  const link = document.querySelector("[data-take]");
  if (!link) return;
  link.removeAttribute("data-take");
  window.location.assign(link.href);
}
document.addEventListener("DOMContentLoaded", take);
document.addEventListener("htmx:after:swap", take);

// The menu stays while lists beneath it are swapped: back to what is shown, not to what was first.
document.addEventListener("submit", (event) => {
  const next = event.target.closest(".menu-panel form")?.elements.next;
  if (next) next.value = location.pathname + location.search;
});

// The browser's own time zone: told with the log-in, and one click away in the menu.
{
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
  const told = document.querySelector("[data-zone]");
  if (told) told.value = zone;
  const own = document.querySelector("[data-own-zone]");
  const field = document.getElementById("zone");
  if (own && field && field.value !== zone) {
    own.textContent = zone;
    own.hidden = false;
    own.addEventListener("click", () => { field.value = zone; field.form.requestSubmit(); });
  }
}

// The list announces itself once per change, and says when it is being fetched.
document.addEventListener("htmx:before:request", () => {
  document.getElementById("results")?.setAttribute("aria-busy", "true");
});
document.addEventListener("htmx:finally:request", () => {
  document.getElementById("results")?.removeAttribute("aria-busy");
});

// The numbers beside a text of many lines go along with it; a problem's link leads to its line.
for (const area of document.querySelectorAll(".numbered textarea")) {
  const numbers = area.previousElementSibling;
  const follow = () => { numbers.scrollTop = area.scrollTop; };
  area.addEventListener("scroll", follow);
  area.addEventListener("input", () => {
    const lines = area.value.split("\n").length + 1;
    const shown = numbers.textContent.split("\n").length - 1;
    if (lines > shown) {
      numbers.append(Array.from({ length: lines - shown }, (_, at) => `${shown + at + 1}\n`).join(""));
    }
    follow();
  });
}
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-line]");
  const area = link && document.querySelector(`textarea${link.hash}`);
  if (!area) return;
  event.preventDefault();
  const lines = area.value.split("\n");
  const line = Math.min(Number(link.dataset.line) || 1, lines.length);
  const start = lines.slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
  area.focus();
  area.setSelectionRange(start, start + lines[line - 1].length);
});
