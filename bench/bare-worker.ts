/**
 * The reference: the engine library as its documentation shows it, with the remedy for AsyncLocalStorage and keys in
 * PostgreSQL, and nothing else. Runs in a process of its own; talks to the bench over its channel.
 */
import { prepareProcess } from '@trunkline/engine-baileys/prepare';

prepareProcess();
const {
  default: makeWASocket,
  BufferJSON,
  initAuthCreds,
  makeCacheableSignalKeyStore,
  proto,
  WA_CERT_DETAILS,
} = await import('baileys');
const { default: pg } = await import('pg');
const { default: pino } = await import('pino');
const { monitorEventLoopDelay } = await import('node:perf_hooks');

type Socket = ReturnType<typeof makeWASocket>;
const [, , databaseUrl = '', networkUrl = '', rootBase64 = '', org = ''] = process.argv;
WA_CERT_DETAILS.PUBLIC_KEY = Buffer.from(rootBase64, 'base64');
const pool = new pg.Pool({ connectionString: databaseUrl, max: 6 });
await pool.query(
  'create table if not exists bare_keys (phone text, kind text, id text, value text, primary key (phone, kind, id))',
);
const logger = pino({ level: 'silent' });
const loop = monitorEventLoopDelay({ resolution: 20 });
const sockets = new Map<string, Socket>();

process.on('message', (message: { id: number; call: string; phones: string[]; inFlight: number }) => {
  run(message).then(
    (value) => process.send?.({ id: message.id, value }),
    (error) => process.send?.({ id: message.id, error: String(error?.stack ?? error) }),
  );
});
process.once('disconnect', () => process.exit(0));
process.send?.({ id: 0, value: null });

async function run({ call, phones, inFlight }: { call: string; phones: string[]; inFlight: number }) {
  if (call === 'rss') return memory();
  if (call === 'cpu') return { ms: cpuMs() };
  if (call === 'pair') return measured(phones, inFlight, pairOne);
  if (call === 'connect') return measured(phones, inFlight, connectOne);
  await Promise.all([...sockets.values()].map((socket) => socket.end(undefined)));
  sockets.clear();
  return null;
}

async function measured(phones: string[], inFlight: number, one: (phone: string) => Promise<void>) {
  loop.reset();
  loop.enable();
  const startCpu = cpuMs();
  const start = performance.now();
  const waiting = [...phones];
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      for (let phone = waiting.shift(); phone !== undefined; phone = waiting.shift()) await one(phone);
    }),
  );
  loop.disable();
  return { wallMs: performance.now() - start, cpuMs: cpuMs() - startCpu, loopP99Ms: loop.percentile(99) / 1e6 };
}

/** Shows a QR to the bench, which lets the handset scan it, then logs in as every host of the library does. */
async function pairOne(phone: string): Promise<void> {
  await open(phone, (qr) => process.send?.({ qr, phone }));
}

async function connectOne(phone: string): Promise<void> {
  await open(phone, () => {});
}

async function open(phone: string, onQr: (qr: string) => void): Promise<void> {
  const state = await authState(phone);
  for (;;) {
    const end = await new Promise<'ready' | 'again'>((resolve, reject) => {
      const sock = makeWASocket({
        auth: { creds: state.creds, keys: makeCacheableSignalKeyStore(state.keys, logger) },
        waWebSocketUrl: `${networkUrl}?org=${org}&tag=${phone}`,
        logger,
        markOnlineOnConnect: false,
      });
      sockets.set(phone, sock);
      sock.ev.on('creds.update', () => void state.save());
      sock.ev.on('connection.update', (update) => {
        if (update.qr !== undefined) onQr(update.qr);
        if (update.receivedPendingNotifications) resolve('ready');
        if (update.connection !== 'close') return;
        const status = (update.lastDisconnect?.error as { output?: { statusCode?: number } } | undefined)?.output
          ?.statusCode;
        if (status === 515) resolve('again');
        else reject(new Error(`${phone} closed with ${status}: ${update.lastDisconnect?.error?.message}`));
      });
    });
    if (end === 'ready') return;
    await state.save();
  }
}

async function authState(phone: string) {
  const stored = await pool.query('select value from bare_keys where phone = $1 and kind = $2', [phone, 'creds']);
  const creds = stored.rows[0] ? JSON.parse(stored.rows[0].value, BufferJSON.reviver) : initAuthCreds();
  return {
    creds,
    save: () => write(phone, [['creds', '', JSON.stringify(creds, BufferJSON.replacer)]]),
    keys: {
      async get(kind: string, ids: string[]) {
        const found = await pool.query(
          'select id, value from bare_keys where phone = $1 and kind = $2 and id = any($3)',
          [phone, kind, ids],
        );
        return Object.fromEntries(
          found.rows.map(({ id, value }) => {
            const parsed = JSON.parse(value, BufferJSON.reviver);
            return [id, kind === 'app-state-sync-key' ? proto.Message.AppStateSyncKeyData.fromObject(parsed) : parsed];
          }),
        );
      },
      async set(data: Record<string, Record<string, unknown> | undefined>) {
        const rows = Object.entries(data).flatMap(([kind, byId]) =>
          Object.entries(byId ?? {}).map(
            ([id, value]) =>
              [kind, id, value === null ? null : JSON.stringify(value, BufferJSON.replacer)] as [
                string,
                string,
                string | null,
              ],
          ),
        );
        await write(phone, rows);
      },
    },
  };
}

async function write(phone: string, rows: [string, string, string | null][]): Promise<void> {
  const kept = rows.filter(([, , value]) => value !== null);
  const gone = rows.filter(([, , value]) => value === null);
  if (kept.length > 0) {
    await pool.query(
      `insert into bare_keys select $1, * from unnest($2::text[], $3::text[], $4::text[])
       on conflict (phone, kind, id) do update set value = excluded.value`,
      [phone, kept.map((row) => row[0]), kept.map((row) => row[1]), kept.map((row) => row[2])],
    );
  }
  if (gone.length > 0) {
    await pool.query(
      'delete from bare_keys where phone = $1 and (kind, id) in (select * from unnest($2::text[], $3::text[]))',
      [phone, gone.map((row) => row[0]), gone.map((row) => row[1])],
    );
  }
}

function memory() {
  globalThis.gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  return { rss, heapUsed };
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}
