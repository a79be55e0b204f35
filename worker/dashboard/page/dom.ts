// Elements of the page: made with text, never with markup, so that no name of a configuration is
// ever read as HTML.

type Attributes = Readonly<Record<string, string | boolean>>;

/** An element with attributes (true: present, false: absent) and children. */
export function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, '');
    else if (value !== false) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** The element of the page with that id; the page has it. */
export function byId<Type extends HTMLElement = HTMLElement>(id: string): Type {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`the page has no element '${id}'`);
  // The caller names what page.html has under this id.
  return element as Type;
}

/** Writes only what is another text: unchanged cells cost nothing. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** What the server says in the head of the page. */
export function fact(name: string): string {
  return document.querySelector(`meta[name="hawser-${name}"]`)?.getAttribute('content') ?? '';
}
