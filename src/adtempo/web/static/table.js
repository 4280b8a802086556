// Tables sort by a click on a heading and filter by a word; the server has already sent every row.

for (const table of document.querySelectorAll("table[data-sortable]")) {
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const headings = [...table.tHead.rows[0].cells];

  headings.forEach((heading, place) => {
    const button = heading.querySelector("button");
    if (!button) return;
    button.addEventListener("click", () => {
      const first = heading.classList.contains("number") ? "descending" : "ascending";
      const other = first === "ascending" ? "descending" : "ascending";
      const order = heading.getAttribute("aria-sort") === first ? other : first;
      headings.forEach((each) => each.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", order);
      rows.sort((one, two) => compare(one.cells[place], two.cells[place], order === "ascending" ? 1 : -1));
      body.append(...rows);
    });
  });

  const filter = document.getElementById(table.dataset.filter);
  if (!filter) continue;
  const count = document.getElementById(table.dataset.count);
  filter.addEventListener("input", () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
      shown += row.hidden ? 0 : 1;
    }
    count.textContent = shown === rows.length ? `${rows.length}` : `${shown} of ${rows.length}`;
  });
}

// What has no value stands last, whichever way the table is sorted.
function compare(one, two, sign) {
  const [left, right] = [one.dataset.value, two.dataset.value];
  if (left === undefined || right === undefined) {
    if (left === right) return sign * one.textContent.localeCompare(two.textContent, undefined, { numeric: true });
    return left === undefined ? 1 : -1;
  }
  return sign * (Number(left) - Number(right));
}
