// Light or dark: the system's choice until the reader makes one, which is kept.

const KEY = "relprop theme";

const system = matchMedia("(prefers-color-scheme: dark)");
const root = document.documentElement;

export const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);

/** Applies the kept choice, makes the button switch, and reports every change. */
export function theme(button: HTMLElement, changed: () => void): void {
  const apply = (choice: string | null) => {
    if (choice === "dark" || choice === "light") root.dataset.theme = choice;
    else delete root.dataset.theme;
    button.textContent = isDark() ? "Light" : "Dark";
    button.setAttribute("aria-label", isDark() ? "Light colours" : "Dark colours");
    changed();
  };
  system.addEventListener("change", () => apply(root.dataset.theme ?? null));
  button.addEventListener("click", () => {
    const next = isDark() ? "light" : "dark";
    // The system's own choice needs no keeping: the page goes on following it.
    const follows = (next === "dark") === system.matches;
    keep(follows ? null : next);
    apply(follows ? null : next);
  });
  apply(kept());
}

// A browser may forbid a page to keep anything.

function kept(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function keep(choice: string | null): void {
  try {
    if (choice) localStorage.setItem(KEY, choice);
    else localStorage.removeItem(KEY);
  } catch {}
}
