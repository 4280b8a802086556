// Light or dark: what the system says until a person chooses; the choice is a cookie, so that the server can render it.

const system = window.matchMedia("(prefers-color-scheme: dark)");

export function currentTheme() {
  return document.documentElement.dataset.theme || (system.matches ? "dark" : "light");
}

export function onThemeChange(react) {
  document.addEventListener("themechange", react);
  system.addEventListener("change", react);
}

const toggle = document.getElementById("theme");
if (toggle) {
  toggle.hidden = false;
  toggle.addEventListener("click", () => {
    const theme = currentTheme() === "dark" ? "light" : "dark";
    document.documentElement.dataset.theme = theme;
    document.cookie = `theme=${theme}; path=/; max-age=31536000; samesite=lax`;
    document.dispatchEvent(new Event("themechange"));
  });
}
