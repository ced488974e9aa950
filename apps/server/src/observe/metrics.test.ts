import { describe, expect, it } from 'vitest';
import { createMetrics, type MetricSources } from './metrics.js';

function watching(more: Partial<MetricSources> = {}) {
  const metrics = createMetrics();
  metrics.watchDatabase({ ...sources, ...more });
  return metrics;
}

const sources = {
  phonesByState: async () => [
    { network: 'live' as const, state: 'online', phones: 3 },
    { network: 'sandbox' as const, state: 'pairing', phones: 1 },
  ],
  liveNodes: async () => [{ network: 'live' as const, phones: 3 }],
  unowned: async (network: string) => (network === 'sandbox' ? 2 : 0),
};

describe('metrics', () => {
  it('count phones, nodes and phones without a worker when asked', async () => {
    const text = await watching().render();
    expect(text).toContain('trunkline_phones{network="live",state="online"} 3');
    expect(text).toContain('trunkline_phones{network="sandbox",state="pairing"} 1');
    expect(text).toContain('trunkline_nodes{network="live"} 1');
    expect(text).toContain('trunkline_nodes{network="sandbox"} 0');
    expect(text).toContain('trunkline_phones_without_worker{network="sandbox"} 2');
  });

  it('forget states that no phone is in any more', async () => {
    const states = ['online', 'off'];
    const metrics = watching({
      phonesByState: async () => [{ network: 'live', state: states.shift() ?? '', phones: 1 }],
    });
    expect(await metrics.render()).toContain('state="online"');
    expect(await metrics.render()).not.toContain('state="online"');
  });

  it('add up what workers report', async () => {
    const metrics = createMetrics();
    const figures = { phones: 2, loopDelayP99Ms: 21, rssBytes: 1e8, ended: { connection_lost: 2 } };
    metrics.takeReport('live', 'live-1', figures);
    metrics.takeReport('live', 'live-2', figures);
    const text = await metrics.render();
    expect(text).toContain('trunkline_session_ends_total{network="live",cause="connection_lost"} 4');
    expect(text).toContain('trunkline_worker_phones{worker="live-2"} 2');
    expect(text).toContain('trunkline_worker_loop_delay_p99_seconds{worker="live-1"} 0.021');
  });

  it('show the loop, the queues, the requests and the sockets of this process', async () => {
    const metrics = createMetrics();
    metrics.start();
    metrics.queue('images', () => 5);
    metrics.requestAnswered('getPhone', 200, 0.01);
    metrics.socketsConnected(4);
    const text = await metrics.render();
    metrics.stop();
    expect(text).toContain('trunkline_queue_images 5');
    expect(text).toContain('trunkline_http_requests_total{route="getPhone",status="200"} 1');
    expect(text).toContain('trunkline_sockets 4');
    expect(text).toMatch(/trunkline_loop_delay_p99_seconds \d/);
  });
});
