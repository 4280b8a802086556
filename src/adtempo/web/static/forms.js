// A form with data-send is sent as JSON to its action; what the server refuses is said where it was typed.

for (const form of document.querySelectorAll("form[data-send]")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const refused = form.querySelector(".refused");
    const button = form.querySelector("button");
    const body = Object.fromEntries(new FormData(form));
    if (form.dataset.token === "fragment") body.token = window.location.hash.slice(1);
    button.disabled = true;
    try {
      const answer = await fetch(form.getAttribute("action"), {
        method: form.dataset.send,
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(body),
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
  });
}

for (const chooser of document.querySelectorAll("form[data-choose]")) {
  chooser.addEventListener("change", () => chooser.requestSubmit());
  chooser.querySelector("button").hidden = true;
}
