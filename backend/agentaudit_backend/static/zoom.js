// A time is chosen in the histogram: drawn with the pointer, or with arrow keys and Enter. Each bar is a link without this.
(() => {
  const SVG = "http://www.w3.org/2000/svg", FEW_PX = 5;
  let drag = null, drawn = false;

  const picture = (inner) => inner?.closest("svg.histogram[data-from]");
  const bars = (svg) => Number(svg.dataset.bars);

  function barAt(svg, x) {
    const box = svg.getBoundingClientRect();
    return Math.max(0, Math.min(bars(svg) - 1, Math.floor(((x - box.left) / box.width) * bars(svg))));
  }

  function timeOf(svg, bar) {
    return new Date((Number(svg.dataset.from) + bar * Number(svg.dataset.seconds)) * 1000).toISOString().replace(".000Z", "Z");
  }

  // bars are counted from 0; both ends are within
  function show(svg, one, other) {
    const band = svg.querySelector(".zoom-band") || svg.appendChild(document.createElementNS(SVG, "rect"));
    const { width, height } = svg.viewBox.baseVal;
    band.setAttribute("class", "zoom-band");
    band.setAttribute("x", (Math.min(one, other) * width) / bars(svg));
    band.setAttribute("width", ((Math.abs(one - other) + 1) * width) / bars(svg));
    band.setAttribute("y", 0);
    band.setAttribute("height", height);
  }

  function clear(svg) {
    svg.querySelector(".zoom-band")?.remove();
  }

  // the window may begin or end within a bar: what is chosen never reaches beyond it
  function open(svg, one, other) {
    const url = new URL(location.href);
    const asked = new URL(document.querySelector("[data-frozen]").dataset.frozen, location.href).searchParams;
    for (const name of ["range", "cursor", "after", "before", "zone", "patient"]) url.searchParams.delete(name);
    const known = (name) => Date.parse(asked.get(name) || "") || null;
    const since = Date.parse(timeOf(svg, Math.min(one, other))), until = Date.parse(timeOf(svg, Math.max(one, other) + 1));
    const told = (at) => new Date(at).toISOString().replace(".000Z", "Z");
    const [first, last] = [known("from"), known("to")];
    url.searchParams.set("from", told(first ? Math.max(first, since) : since));
    url.searchParams.set("to", told(last ? Math.min(last, until) : until));
    location.assign(url);
  }

  document.addEventListener("pointerdown", (event) => {
    const svg = picture(event.target);
    drawn = false;
    if (svg && event.button === 0 && event.pointerType === "mouse") drag = { svg, x: event.clientX };
  });
  document.addEventListener("pointermove", (event) => {
    if (!drag || (!drawn && Math.abs(event.clientX - drag.x) < FEW_PX)) return;
    drawn = true;
    show(drag.svg, barAt(drag.svg, drag.x), barAt(drag.svg, event.clientX));
  });
  document.addEventListener("pointerup", (event) => {
    if (drag && drawn) open(drag.svg, barAt(drag.svg, drag.x), barAt(drag.svg, event.clientX));
    drag = null;
  });
  // a bar's own link is not meant by whoever drew a time over it, nor is it to be carried away
  document.addEventListener("click", (event) => { if (drawn && picture(event.target)) event.preventDefault(); drawn = false; }, true);
  document.addEventListener("dragstart", (event) => { if (picture(event.target)) event.preventDefault(); });

  // the keyboard: the picture itself is hidden from assistive technology, so its frame takes the keys
  function frame(svg) {
    const around = svg.parentElement;
    if (around.classList.contains("zoom")) return;
    around.classList.add("zoom");
    around.tabIndex = 0;
    around.setAttribute("role", "group");
    around.setAttribute("aria-label", "Events over time: arrow keys choose a bar, with Shift several, Enter shows that time");
    const said = around.appendChild(document.createElement("p"));
    said.className = "visually-hidden";
    said.setAttribute("role", "status");
    let from = null, to = null;
    around.addEventListener("blur", () => { from = to = null; clear(svg); });
    around.addEventListener("keydown", (event) => {
      if (event.target !== around || event.ctrlKey || event.metaKey || event.altKey) return;
      const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (by) {
        const end = bars(svg) - 1, at = to === null ? (by > 0 ? 0 : end) : Math.max(0, Math.min(end, to + by));
        if (!event.shiftKey || from === null) from = at;
        to = at;
        show(svg, from, to);
        said.textContent = `${timeOf(svg, Math.min(from, to))} to ${timeOf(svg, Math.max(from, to) + 1)}`;
      } else if (event.key === "Enter" && to !== null) open(svg, from, to);
      else if (event.key === "Escape") { from = to = null; clear(svg); }
      else return;
      event.preventDefault();
    });
  }

  const frames = () => document.querySelectorAll("svg.histogram[data-from]").forEach(frame);
  document.addEventListener("htmx:after:swap", frames);
  frames();
})();
