// Whatever has data-explain says so to the pointer and to the keyboard. One tooltip in the top layer serves all, so that
// no scrolling table cuts it off.

const tip = document.createElement("div");
tip.id = "tip";
tip.className = "tip";
tip.role = "tooltip";
tip.popover = "manual";
document.body.append(tip);

let about = null;

function show(element) {
  if (about === element) return;
  about?.removeAttribute("aria-describedby");
  about = element;
  tip.textContent = element.dataset.explain;
  element.setAttribute("aria-describedby", tip.id);
  tip.showPopover();
  const [at, size] = [element.getBoundingClientRect(), tip.getBoundingClientRect()];
  const left = Math.min(Math.max(at.left, 8), document.documentElement.clientWidth - size.width - 8);
  const below = at.bottom + 6 + size.height <= window.innerHeight;
  tip.style.left = `${Math.max(left, 8)}px`;
  tip.style.top = `${below ? at.bottom + 6 : Math.max(at.top - size.height - 6, 8)}px`;
}

function hide() {
  about?.removeAttribute("aria-describedby");
  about = null;
  tip.hidePopover();
}

for (const kind of ["pointerover", "focusin"]) {
  document.addEventListener(kind, (event) => {
    const element = event.target.closest?.("[data-explain]");
    if (element) show(element);
    else if (about) hide();
  });
}
document.addEventListener("focusout", () => about && hide());
document.addEventListener("scroll", () => about && hide(), true);
document.addEventListener("keydown", (event) => event.key === "Escape" && about && hide());
