// All of Tocsin's own script: times, look, live refresh, keyboard. Every page can be read and used without it.
"use strict";
(() => {
  const root = document.documentElement;
  const remember = (name, value) => {
    try {
      if (value === undefined) return localStorage.getItem(`tocsin.${name}`);
      localStorage.setItem(`tocsin.${name}`, value);
    } catch {
      // A browser that keeps nothing shows the defaults.
    }
    return null;
  };

  // The look is set before anything is painted, so that nothing flashes.
  root.dataset.theme = remember("theme") ?? "system";

  // ---- Times: the server writes them in UTC, here they move to the zone that was chosen.
  const written = (zone, length) =>
    new Intl.DateTimeFormat("sv-SE", {
      timeZone: zone,
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      ...(length === "seconds" ? { second: "2-digit" } : {}),
      timeZoneName: length === "bare" ? undefined : "short",
    });
  const zoneOf = (element) => {
    const choice = remember("zone") ?? "browser";
    if (choice === "pipeline") return element.dataset.zone ?? "UTC";
    return choice === "utc" ? "UTC" : undefined;
  };
  const showTimes = () => {
    for (const element of document.querySelectorAll("time[data-length]")) {
      const at = new Date(element.dateTime);
      try {
        element.textContent = written(zoneOf(element), element.dataset.length).format(at);
      } catch {
        element.textContent = written("UTC", element.dataset.length).format(at);
      }
    }
  };

  // ---- What the tab says: its title and sign follow the page that was fetched last.
  const showState = () => {
    const live = document.getElementById("live");
    if (!live) return;
    document.title = live.dataset.title;
    const icon = document.getElementById("favicon");
    if (icon && !icon.href.endsWith(live.dataset.icon)) icon.href = live.dataset.icon;
  };

  // ---- Live refresh: never while nobody looks, types or decides, and it says when what is shown is old.
  const often = 15_000;
  const whileRunning = 5_000;
  const failuresUntilStale = 3;
  let paused = false;
  let failures = 0;
  let asked = 0;
  let took = 0;
  let timer;
  const busy = () =>
    document.hidden ||
    paused ||
    document.querySelector("dialog[open]") !== null ||
    document.activeElement?.matches("#live input, #live textarea, #live select");
  const wait = () => {
    const running = document.querySelector("#live[data-running]") !== null;
    clearTimeout(timer);
    timer = setTimeout(refresh, Math.max(running ? whileRunning : often, 4 * took));
  };
  const refresh = () => {
    if (!document.getElementById("live")) return;
    if (busy()) {
      wait();
    } else {
      asked = Date.now();
      document.body.dispatchEvent(new Event("refresh"));
    }
  };
  const answered = (event) => {
    const { ctx } = event.detail;
    if (ctx.sourceElement?.id !== "live") return;
    took = Date.now() - asked;
    const ok = ctx.response !== undefined && ctx.response.status < 400;
    if (ctx.response?.status === 401) location.reload();
    failures = ok ? 0 : failures + 1;
    const updated = document.getElementById("updated");
    if (ok && updated) {
      updated.dateTime = new Date().toISOString();
      showTimes();
    }
    const stale = document.getElementById("stale");
    if (stale) stale.hidden = failures < failuresUntilStale;
    wait();
  };
  const pause = (button) => {
    paused = !paused;
    button.setAttribute("aria-pressed", String(paused));
    if (!paused) refresh();
  };

  // ---- Keyboard: the list in the help is the one list; each line of it names the key and what it does.
  const rows = () => [...document.querySelectorAll("[data-row] a[data-open]")];
  const move = (step) => {
    const all = rows();
    const here = all.findIndex((link) => link.closest("[data-row]").contains(document.activeElement));
    all[Math.min(Math.max(here + step, 0), all.length - 1)]?.focus();
  };
  const inRow = (selector) =>
    document.activeElement?.closest("[data-row]")?.querySelector(selector) ?? document.querySelector(`main ${selector}`);
  const acts = {
    "/": () => document.querySelector("input[type=search]")?.focus(),
    j: () => move(1),
    k: () => move(-1),
    a: () => inRow("[data-act=acknowledge]")?.click(),
    s: () => inRow("[data-act=silence]")?.click(),
    r: () => refresh(),
    "?": () => document.getElementById("keys")?.showModal(),
  };
  // A dialog that was closed keeps the focus until the next frame is drawn: it does not swallow the next key.
  const taken = (element) =>
    element.closest("input, textarea, select, [contenteditable], dialog") && !element.closest("dialog:not([open])");
  const pressed = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || remember("keys") === "off") return;
    if (taken(event.target)) return;
    const act = acts[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  };

  // ---- Of drawings that are rows of links only one is reached by Tab; the arrow keys go to the others.
  const steps = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };
  const arrowed = (event) => {
    const step = steps[event.key];
    const links = [...(event.target.closest?.("[data-arrows]")?.querySelectorAll("a") ?? [])];
    if (step === undefined || links.length === 0) return;
    event.preventDefault();
    links[Math.min(Math.max(links.indexOf(event.target) + step, 0), links.length - 1)].focus();
  };

  // ---- Small conveniences.
  const copied = async (button) => {
    const text = document.getElementById(button.dataset.copy)?.textContent ?? "";
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Select the text and copy it";
    }
  };
  const chosen = (event) => {
    const { id, value } = event.target;
    if (id === "theme") root.dataset.theme = value;
    if (id === "theme" || id === "zone") remember(id, value);
    if (id === "zone") showTimes();
    if (id === "keys-on") remember("keys", event.target.checked ? "on" : "off");
  };
  const clicked = (event) => {
    const button = event.target.closest("button");
    if (button?.id === "pause") pause(button);
    if (button?.dataset.copy) copied(button);
    if (button?.dataset.shows) document.getElementById(button.dataset.shows)?.showModal();
    if (button?.dataset.fills) {
      const field = document.getElementById(button.dataset.fills);
      field.value = button.value;
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
  };

  document.addEventListener("DOMContentLoaded", () => {
    for (const name of ["theme", "zone"]) {
      const select = document.getElementById(name);
      if (select) select.value = remember(name) ?? select.value;
    }
    const keys = document.getElementById("keys-on");
    if (keys) keys.checked = remember("keys") !== "off";
    showTimes();
    showState();
    wait();
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) refresh();
  });
  document.addEventListener("htmx:after:swap", () => {
    showTimes();
    showState();
  });
  document.addEventListener("htmx:finally:request", answered);
  document.addEventListener("keydown", pressed);
  document.addEventListener("keydown", arrowed);
  document.addEventListener("change", chosen);
  document.addEventListener("click", clicked);
})();
