// Two things the server cannot do: follow the colours that Airflow's own switch has set, and leave Airflow's frame.
"use strict";
const chosen = localStorage.getItem("theme");
if (chosen === "dark" || chosen === "light") document.documentElement.dataset.theme = chosen;
addEventListener("storage", (event) => {
  if (event.key === "theme") document.documentElement.dataset.theme = event.newValue;
});
// Airflow shows these pages in a frame that may not move the page around it; an element of that page may.
addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-outer]");
  if (!link || parent === self) return;
  event.preventDefault();
  const outer = parent.document.createElement("a");
  outer.href = link.href;
  if (link.origin !== location.origin) { outer.target = "_blank"; outer.rel = "noopener noreferrer"; }
  parent.document.body.append(outer);
  outer.click();
  outer.remove();
});
