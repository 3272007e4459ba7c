// Rows that are chosen, and the menu of one beside it: what the pages do without script, done quicker.
(() => {
  const boxes = () => [...document.querySelectorAll(".pick input[name=event]")];

  function count() {
    const bar = document.getElementById("review");
    if (!bar) return;
    const chosen = boxes().filter((box) => box.checked).length;
    bar.classList.toggle("chosen", chosen > 0);
    bar.querySelector("[data-chosen]").textContent = chosen ? `${chosen} chosen` : "";
    const all = bar.querySelector("[data-choose-all]");
    const whole = chosen > 0 && chosen === boxes().length;
    all.setAttribute("aria-pressed", String(whole));
    const head = document.querySelector("[data-choose-head]");
    if (head) Object.assign(head, { checked: whole, indeterminate: chosen > 0 && !whole });
  }

  function panel() {
    let made = document.getElementById("row-panel");
    if (!made) {
      made = document.createElement("div");
      made.id = "row-panel";
      made.className = "panel";
      made.popover = "auto";
      made.setAttribute("role", "dialog");
      made.setAttribute("aria-label", "Menu of the row");
      document.body.append(made);
    }
    return made;
  }

  async function openMenu(link) {
    const answer = await fetch(link.href, { headers: { "hx-request": "true", "hx-request-type": "partial" } });
    if (!answer.ok || answer.headers.get("hx-redirect")) return location.assign(link.href);
    const made = panel();
    made.innerHTML = await answer.text(); // made and escaped by our own server
    made.showPopover();
    const at = link.getBoundingClientRect();
    const top = Math.min(at.bottom + 4, innerHeight - made.offsetHeight - 8);
    made.style.top = `${Math.max(8, top)}px`;
    made.style.left = `${Math.max(8, Math.min(at.right - made.offsetWidth, innerWidth - made.offsetWidth - 8))}px`;
    made.querySelector("a, button")?.focus();
    made.addEventListener("toggle", (event) => { if (event.newState === "closed") link.focus(); }, { once: true });
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-menu]");
    if (link && HTMLElement.prototype.showPopover && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      openMenu(link).catch(() => location.assign(link.href));
    }
    const all = event.target.closest("[data-choose-all]");
    if (all) {
      const on = all.getAttribute("aria-pressed") !== "true";
      for (const box of boxes()) box.checked = on;
      count();
    }
  });
  document.addEventListener("change", (event) => {
    const { target } = event;
    if (target.matches("[data-choose-head]")) for (const box of boxes()) box.checked = target.checked;
    if (target.closest(".pick")) count();
  });
  document.addEventListener("htmx:after:swap", count);
  window.addEventListener("pageshow", count);
  count();
})();
