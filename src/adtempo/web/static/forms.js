// A form with data-send goes to its action as JSON; what the server refuses is said where it was typed. A one-time token
// comes behind the # of the address, so that no log and no other server ever sees it. Pages wait for this script before
// they show anything, so no form can be pressed too early; where it never came, method="dialog" keeps a form from being
// sent as an address, passwords included.

const token = window.location.hash.slice(1);
if (token) window.history.replaceState(null, "", window.location.pathname + window.location.search);
// A link pasted into this very tab changes only what is behind the #.
window.addEventListener("hashchange", () => window.location.reload());

async function send(form, method, address, body) {
  const refused = form.querySelector(".refused");
  const button = form.querySelector("button");
  button.disabled = true;
  try {
    const answer = await fetch(address, {
      method,
      headers: body ? { "Content-Type": "application/json" } : {},
      body: body && JSON.stringify(body),
    });
    if (answer.ok) {
      window.location.assign(form.dataset.next);
      return;
    }
    const problem = await answer.json();
    refused.textContent = problem.detail || problem.title;
  } catch {
    refused.textContent = "The server cannot be reached. Is it still running?";
  }
  refused.hidden = false;
  button.disabled = false;
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  const { send: method, token: use } = form.dataset;
  if (!method) return;
  event.preventDefault();
  const fields = [...new FormData(form)];
  if (use === "with") fields.push(["token", token]);
  send(form, method, form.getAttribute("action"), fields.length ? Object.fromEntries(fields) : null);
});

document.addEventListener("DOMContentLoaded", () => {
  for (const form of document.querySelectorAll("form[data-token]")) {
    if (form.dataset.token === "with") {
      form.hidden = !token;
      form.parentElement.querySelector(".without-token").hidden = Boolean(token);
    } else if (token) send(form, "POST", `${form.getAttribute("action")}/token`, { token });
  }
  for (const chooser of document.querySelectorAll("form[data-choose]")) {
    chooser.addEventListener("change", () => chooser.requestSubmit());
    chooser.querySelector("button").hidden = true;
  }
});
