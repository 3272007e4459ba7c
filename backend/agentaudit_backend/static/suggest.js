// Suggestions for the query: its fields, and the values that the list has most. Typing needs none of it.
(() => {
  const MOST = 8;
  let box = null, field = null, active = -1;

  const terms = () => [...document.querySelectorAll("#query-terms li")].map((item) => item.textContent);
  const options = () => (box ? [...box.children] : []);

  // what the cursor stands at the end of, back to a space outside of quotes
  function piece() {
    const before = field.value.slice(0, field.selectionStart);
    let start = 0, quoted = false;
    for (let at = 0; at < before.length; at++) {
      if (before[at] === '"') quoted = !quoted;
      if (before[at] === " " && !quoted) start = at + 1;
    }
    return { start, text: before.slice(start) };
  }

  function fitting(text) {
    const not = text.startsWith("-") ? "-" : "";
    const sought = text.slice(not.length).toLowerCase();
    if (!sought) return [];
    return terms().filter((term) => term.toLowerCase().startsWith(sought) && term.toLowerCase() !== sought)
      .slice(0, MOST).map((term) => not + term);
  }

  function close() {
    box?.remove();
    box = null;
    active = -1;
    field?.setAttribute("aria-expanded", "false");
    field?.removeAttribute("aria-activedescendant");
  }

  function mark(at) {
    active = at;
    options().forEach((option, place) => option.setAttribute("aria-selected", String(place === at)));
    if (at < 0) return field.removeAttribute("aria-activedescendant");
    field.setAttribute("aria-activedescendant", options()[at].id);
    options()[at].scrollIntoView({ block: "nearest" });
  }

  function show() {
    const found = fitting(piece().text);
    close();
    if (!found.length) return;
    box = document.createElement("ul");
    box.id = "query-options";
    box.className = "suggestions";
    box.setAttribute("role", "listbox");
    box.setAttribute("aria-label", "Suggestions for the query");
    found.forEach((term, place) => {
      const option = document.createElement("li");
      option.id = `query-option-${place}`;
      option.setAttribute("role", "option");
      option.textContent = term; // never markup: agents chose these values
      box.append(option);
    });
    field.after(box);
    field.setAttribute("aria-expanded", "true");
    mark(-1);
  }

  function take(option) {
    const { start, text } = piece();
    const rest = field.value.slice(start + text.length);
    const whole = option.textContent.endsWith(":") ? option.textContent : `${option.textContent} `;
    field.value = field.value.slice(0, start) + whole + rest.trimStart();
    field.setSelectionRange(start + whole.length, start + whole.length);
    show();
  }

  document.addEventListener("focusin", (event) => {
    if (!event.target.matches("input[data-suggest]")) return;
    field = event.target;
    field.setAttribute("role", "combobox");
    field.setAttribute("aria-autocomplete", "list");
    field.setAttribute("aria-controls", "query-options");
    field.setAttribute("aria-expanded", "false");
  });
  document.addEventListener("input", (event) => { if (event.target === field) show(); });
  document.addEventListener("focusout", (event) => { if (event.target === field) close(); });
  document.addEventListener("mousedown", (event) => {
    const option = event.target.closest(".suggestions li");
    if (option) { event.preventDefault(); take(option); }
  });
  document.addEventListener("keydown", (event) => {
    if (!box || event.target !== field) return;
    const last = options().length - 1;
    if (event.key === "ArrowDown") mark(active >= last ? 0 : active + 1);
    else if (event.key === "ArrowUp") mark(active <= 0 ? last : active - 1);
    else if (event.key === "Enter" && active >= 0) take(options()[active]);
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
  });
})();
