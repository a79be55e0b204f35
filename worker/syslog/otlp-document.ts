// Log records as OTLP has them in JSON (opentelemetry-proto, logs/v1, with the data model's
// severities for syslog). Pure: records of a ring in, a document out.

/** Severity number and text by syslog level. */
const severities: readonly (readonly [number: number, text: string])[] = [
  [21, 'FATAL'],
  [19, 'ERROR3'],
  [18, 'ERROR2'],
  [17, 'ERROR'],
  [13, 'WARN'],
  [10, 'INFO2'],
  [9, 'INFO'],
  [5, 'DEBUG'],
];

export type Attributes = Readonly<Record<string, unknown>>;

/** A record with the header that rings of format `timed` give: `<6>DATE text`. */
const headed = /^<(\d)>(\S+) ([\s\S]*)$/;

const value = (of: unknown): object => {
  if (typeof of === 'string') return { stringValue: of };
  if (typeof of === 'boolean') return { boolValue: of };
  if (typeof of === 'number') {
    return Number.isSafeInteger(of) ? { intValue: String(of) } : { doubleValue: of };
  }
  return { stringValue: JSON.stringify(of) };
};

/** What has no value is left out. */
const keyValues = (attributes: Attributes): readonly object[] =>
  Object.entries(attributes)
    .filter(([, of]) => of !== null && of !== undefined)
    .map(([key, of]) => ({ key, value: value(of) }));

/** A line that is a JSON object: its fields. */
function fieldsOf(text: string): Attributes {
  if (!text.startsWith('{')) return {};
  try {
    return JSON.parse(text) as Attributes; // an object: it begins as one
  } catch {
    return {};
  }
}

function logRecord(record: string, nowNano: string): object {
  const [, level = '6', date = '', text = record] = headed.exec(record) ?? [];
  const [severityNumber, severityText] = severities[Number(level) & 7];
  return {
    timeUnixNano: nanoOf(date) || nowNano,
    observedTimeUnixNano: nowNano,
    severityNumber,
    severityText,
    body: { stringValue: text },
    attributes: keyValues(fieldsOf(text)),
  };
}

/** Nanoseconds since the epoch as text, '' for no date; microseconds are behind the point. */
function nanoOf(date: string): string {
  const ms = Date.parse(date);
  if (Number.isNaN(ms)) return '';
  const fraction = /\.\d{3}(\d{3})/.exec(date)?.[1] ?? '000';
  return `${ms}${fraction}000`;
}

/** The document for a batch of records. */
export function otlpDocument(
  records: readonly string[],
  resource: Attributes,
  { nowMs, version }: { readonly nowMs: number; readonly version: string },
): string {
  const nowNano = `${Math.floor(nowMs)}000000`;
  return JSON.stringify({
    resourceLogs: [
      {
        resource: { attributes: keyValues(resource) },
        scopeLogs: [
          {
            scope: { name: 'hawser', version },
            logRecords: records.map((record) => logRecord(record, nowNano)),
          },
        ],
      },
    ],
  });
}
