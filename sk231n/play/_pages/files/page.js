// Light or dark: what the reader chose here, else what the page around or the system prefers.
"use strict";
(() => {
  const root = document.documentElement;
  const system = window.matchMedia("(prefers-color-scheme: dark)");

  function around() {
    try {
      return window.parent === window ? undefined : window.parent.document.documentElement.dataset.theme;
    } catch {
      return undefined;  // another origin
    }
  }

  function wanted() {
    let chosen = null;
    try { chosen = localStorage.getItem("sk231n-theme"); } catch { /* no storage here */ }
    return chosen ?? around() ?? (system.matches ? "dark" : "light");
  }

  function show(theme) {
    root.dataset.theme = theme;
    const button = document.getElementById("theme");
    if (button) button.textContent = theme === "dark" ? "Light" : "Dark";
    const model = window.Bokeh?.documents[0]?.get_model_by_name("dark");
    if (model) model.active = theme === "dark";
  }

  show(wanted());
  system.addEventListener("change", () => show(wanted()));
  document.getElementById("theme")?.addEventListener("click", () => {
    const theme = root.dataset.theme === "dark" ? "light" : "dark";
    try { localStorage.setItem("sk231n-theme", theme); } catch { /* no storage here */ }
    show(theme);
  });
  if (window.Bokeh) {
    const timer = setInterval(() => {
      if (!window.Bokeh.documents[0]?.get_model_by_name("dark")) return;
      clearInterval(timer);
      show(wanted());
      root.dataset.ready = "yes";
    }, 30);
  }
  if (window.parent !== window) {
    // The page around gives the frame the height that it needs.
    new ResizeObserver(() => {
      window.parent.postMessage({ sk231n_height: document.body.scrollHeight }, "*");
    }).observe(document.body);
  }
  try {
    if (window.parent !== window)
      new MutationObserver(() => show(wanted()))
        .observe(window.parent.document.documentElement, { attributeFilter: ["data-theme"] });
  } catch { /* another origin */ }
})();
