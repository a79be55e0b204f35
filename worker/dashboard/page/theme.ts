// Colours: as the system has them, or as the reader chooses; the choice is kept in the browser.

import { byId } from './dom.ts';

const themes = ['auto', 'light', 'dark'] as const;
type Theme = (typeof themes)[number];

const storageKey = 'hawser-theme';

function readTheme(): Theme {
  try {
    const kept = localStorage.getItem(storageKey);
    return themes.find((theme) => theme === kept) ?? 'auto';
  } catch {
    return 'auto';
  }
}

function keepTheme(theme: Theme): void {
  try {
    localStorage.setItem(storageKey, theme);
  } catch {
    // A browser that keeps nothing forgets the choice: no harm.
  }
}

/** Wires the button; `changed` is called when colours are others now. Returns what `t` does. */
export function startTheme(changed: () => void): () => void {
  const button = byId<HTMLButtonElement>('theme');
  const system = matchMedia('(prefers-color-scheme: dark)');
  const apply = (theme: Theme): void => {
    const found = system.matches ? 'dark' : 'light';
    document.documentElement.dataset['theme'] = theme === 'auto' ? found : theme;
    button.textContent = `Theme: ${theme}`;
    changed();
  };
  const next = (): void => {
    const theme = themes[(themes.indexOf(readTheme()) + 1) % themes.length];
    keepTheme(theme);
    apply(theme);
  };
  button.addEventListener('click', next);
  system.addEventListener('change', () => apply(readTheme()));
  apply(readTheme());
  return next;
}

/** The colour of that name in the style sheet. */
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
