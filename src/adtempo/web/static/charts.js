// Draws each element with data-chart, again when the theme changes. Vega's own interpreter evaluates expressions, so
// that the page needs no 'unsafe-eval'.

import { embed } from "/assets/vega.js";
import { currentTheme, onThemeChange } from "/static/theme.js";

const drawn = new Map();

async function draw(plot) {
  const address = new URL(plot.dataset.chart, window.location.origin);
  address.searchParams.set("theme", currentTheme());
  try {
    const answer = await fetch(address);
    if (!answer.ok) throw new Error(`${answer.status}`);
    const result = await embed(plot, await answer.json(), {
      actions: false,
      ast: true,
      defaultStyle: false,
      renderer: "canvas",
      tooltip: { disableDefaultStyle: true },
    });
    drawn.get(plot)?.finalize();
    drawn.set(plot, result);
    plot.dataset.drawn = "yes";
  } catch (problem) {
    plot.classList.add("failed");
    plot.textContent = `This chart could not be drawn (${problem.message}). Reload the page to try again.`;
  }
}

const plots = [...document.querySelectorAll("[data-chart]")];
plots.forEach(draw);
onThemeChange(() => plots.forEach(draw));
