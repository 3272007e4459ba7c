// The replay of a session: goes on by itself, as fast as one likes; any key stops it.
(() => {
  const LONGEST_MS = 4000, SHORTEST_MS = 250;
  let speed = 0, timer = null;

  const next = () => document.querySelector(".replay a[rel=next]");

  function show() {
    for (const button of document.querySelectorAll("[data-speed]")) {
      button.setAttribute("aria-pressed", String(Number(button.dataset.speed) === speed));
    }
  }

  function stop() {
    clearTimeout(timer);
    speed = 0;
    show();
  }

  function plan() {
    clearTimeout(timer);
    const link = next();
    if (!speed || !link) return stop();
    const wait = Number(link.dataset.wait) / speed;
    timer = setTimeout(go, Math.min(LONGEST_MS, Math.max(SHORTEST_MS, wait)), link.href);
  }

  async function go(href) {
    try {
      const answer = await fetch(href);
      if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const step = page.querySelector(".replay");
      if (!speed || !step) return stop();
      document.querySelector(".replay").replaceWith(step);
      history.replaceState(null, "", href);
      show();
      plan();
    } catch {
      stop();
    }
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-speed]");
    if (!button) return;
    const wanted = Number(button.dataset.speed);
    if (wanted === speed) return stop();
    speed = wanted;
    show();
    plan();
  });
  document.addEventListener("change", (event) => {
    if (event.target.id === "step") event.target.form.requestSubmit();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Tab" || event.key === "Enter" || event.key === " ") return;
    if (speed) stop();
    if (document.documentElement.dataset.keys === "off" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select")) return;
    if (event.key === "j") next()?.click();
    if (event.key === "k") document.querySelector(".replay a[rel=prev]")?.click();
  });
  show();
})();
