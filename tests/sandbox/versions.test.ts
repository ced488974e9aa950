import { describe, expect, it } from 'vitest';
import { drivers } from './clients/drivers.js';
import { ended, sandboxWorld } from './world.js';

const world = sandboxWorld({ sandbox: { minimumWebVersion: [2, 3000, 1000000000] } });

describe.each(drivers)('$library', (driver) => {
  it('is refused with an outdated web version and accepted with its own', async () => {
    const outdated = world.fresh(driver, { webVersion: [2, 2413, 1] });
    await outdated.connect();
    expect(await ended(outdated)).toBe('refused-405');
    await world.linked(driver, 'Asha');
  });
});

describe.each(drivers.filter((driver) => driver.verifiesRoot))('$library', (driver) => {
  it('refuses the network under a root it does not trust', async () => {
    const stranger = driver.fresh(
      { ...world.network, root: Buffer.alloc(32, 9).toString('base64') },
      { connectTimeoutMs: 1_000 },
    );
    await stranger.connect();
    expect(await ended(stranger)).not.toBeUndefined();
    expect(stranger.qrCodes).toEqual([]);
    await stranger.close();
  });
});
