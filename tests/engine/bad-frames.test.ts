import { expect, test } from 'vitest';
import { engineWorld } from './engine-world.js';

const world = engineWorld({ keepAliveMs: 1_000, halfOpenMs: 3_000 });

const VARIANTS = [
  'bad_gcm',
  'bad_node',
  'bad_zlib',
  'zero_length',
  'lying_length',
  'huge_length',
  'endless',
  'random',
  'truncated_node',
  'text_frame',
  'bad_tag',
  'empty_node',
];

test.each(VARIANTS)('a %s frame ends one phone and no other', async (variant) => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  process.on('unhandledRejection', note);
  const { handset, phone } = await world.linked(`Asha ${variant}`);
  const { handset: other, phone: neighbour } = await world.linked(`Bilal ${variant}`);
  await world.control.fault({ target: handset.number, kind: 'bad_frame', variant, times: 1 });
  expect(['bad-frame', 'half-open']).toContain((await phone.closed()).source);
  const friend = await world.person(`Chitra ${variant}`);
  await world.control.write(friend.number, other.number, 'still here');
  await neighbour.arrives('still here');
  expect(neighbour.all('closed')).toEqual([]);
  await phone.login();
  process.off('unhandledRejection', note);
  expect(unhandled).toEqual([]);
  await phone.session?.close();
  await neighbour.session?.close();
});
