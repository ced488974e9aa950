/** Cuts a chunk of history into pieces that one transaction can store quickly. */
import type { HistoryBatch, InboundMessage } from '@trunkline/core';

const ROWS_PER_PIECE = 400;
const BYTES_PER_PIECE = 2 * 1024 * 1024;

/**
 * At least one piece. People and chats come first, so that messages find the numbers of their chats; the last one settles
 * the chunk.
 */
export function splitHistory(batch: HistoryBatch): HistoryBatch[] {
  const pieces: HistoryBatch[] = [
    ...slices(batch.people).map((people) => ({ ...NOTHING, people })),
    ...slices(batch.chats).map((chats) => ({ ...NOTHING, chats })),
    ...slices(batch.messages, contentBytes).map((messages) => ({ ...NOTHING, messages })),
  ];
  const last = pieces.pop() ?? NOTHING;
  return [...pieces, { ...last, ciphertextHash: batch.ciphertextHash }];
}

const NOTHING: HistoryBatch = { people: [], chats: [], messages: [], ciphertextHash: null };

function contentBytes(message: InboundMessage): number {
  return message.content.length + (message.body?.length ?? 0);
}

function slices<T>(items: readonly T[], bytesOf: (item: T) => number = () => 0): T[][] {
  const pieces: T[][] = [];
  let piece: T[] = [];
  let bytes = 0;
  for (const item of items) {
    if (piece.length >= ROWS_PER_PIECE || (piece.length > 0 && bytes + bytesOf(item) > BYTES_PER_PIECE)) {
      pieces.push(piece);
      piece = [];
      bytes = 0;
    }
    piece.push(item);
    bytes += bytesOf(item);
  }
  if (piece.length > 0) pieces.push(piece);
  return pieces;
}
