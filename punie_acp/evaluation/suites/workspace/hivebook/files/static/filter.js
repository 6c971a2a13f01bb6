// Clicking on a site shows the hives of that site only; clicking once more shows all again.
"use strict";

const tables = document.querySelectorAll("table[data-filter]");

function show(table, site) {
  for (const row of table.tBodies[0].rows) {
    row.hidden = site !== "" && row.dataset.site !== site;
  }
  table.dataset.shown = site;
}

for (const table of tables) {
  table.addEventListener("click", (event) => {
    const row = event.target.closest("tr[data-site]");
    if (row === null || event.target.closest("a") !== null) {
      return;
    }
    show(table, table.dataset.shown === row.dataset.site ? "" : row.dataset.site);
  });
}

// TODO: keep the site in the address, so that Back works.
