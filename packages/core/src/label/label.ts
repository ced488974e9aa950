export interface LabelRef {
  readonly labelId: string;
  readonly name: string;
}

/** Colours that the public contract gives to labels. */
export const LABEL_COLOURS = ['#9333EA', '#0D9488', '#DB2777', '#2563EB', '#F97316'] as const;

export type LabelType = 'phone' | 'chat' | 'contact' | 'ticket';

/** Reads the comma list of label names of a request: blanks trimmed, empty items and repeats (ignoring case) dropped. */
export function parseLabelNames(list: string): string[] {
  const seen = new Map<string, string>();
  for (const part of list.split(',')) {
    const name = part.trim();
    if (name !== '' && !seen.has(name.toLowerCase())) seen.set(name.toLowerCase(), name);
  }
  return [...seen.values()];
}
