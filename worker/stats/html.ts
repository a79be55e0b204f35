// Text as it stands in HTML: escaped, numbers with their thousands apart, times in two units.
// Called for every cell of the statistics page; knows nothing of columns.

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Any text inside an element or a quoted attribute. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => entities[char]);
}

/** 1234567 as 1<u>234</u><u>567</u>: the style sheet keeps the groups apart, copies do not. */
export function groupedNumber(value: number): string {
  const digits = String(value);
  if (digits.length <= 3 || !/^\d+$/.test(digits)) return digits;
  const first = digits.length % 3 || 3;
  const groups = digits.slice(first).replace(/\d{3}/g, '<u>$&</u>');
  return digits.slice(0, first) + groups;
}

/** Seconds in the two largest units that matter: 42s, 3m5s, 2h10m, 4d3h. */
export function shortTime(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const minutes = Math.floor(whole / 60);
  const hours = Math.floor(minutes / 60);
  if (minutes === 0) return `${whole}s`;
  if (hours === 0) return `${minutes}m${whole % 60}s`;
  if (hours < 24) return `${hours}h${minutes % 60}m`;
  return `${Math.floor(hours / 24)}d${hours % 24}h`;
}
