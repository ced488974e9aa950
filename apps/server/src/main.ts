/** Entry of the program: reads the configuration, starts what its role says, and stops on Ctrl-C or SIGTERM. */
import { ConfigErrors, readConfig } from './config/config.js';
import { StartError, startServer } from './start-server.js';

const TWICE_MEANS_NOW_MS = 500;

export async function main(env: NodeJS.ProcessEnv = process.env): Promise<void> {
  try {
    const server = await startServer(readConfig(env));
    let stopping: Promise<void> | null = null;
    let askedAt = 0;
    const stop = (signal: NodeJS.Signals) => {
      // A terminal sends Ctrl-C to npm and to us, so the same wish arrives twice within moments.
      if (stopping !== null && performance.now() - askedAt > TWICE_MEANS_NOW_MS) process.exit(130);
      askedAt = performance.now();
      stopping ??= server.stop(signal).then(
        () => process.exit(0),
        (error) => {
          console.error(error);
          process.exit(1);
        },
      );
    };
    process.on('SIGINT', stop);
    process.on('SIGTERM', stop);
  } catch (error) {
    if (error instanceof ConfigErrors || error instanceof StartError) console.error(error.message);
    else console.error(error);
    process.exit(1);
  }
}

if (process.argv[1] !== undefined && import.meta.url.endsWith(process.argv[1].replaceAll('\\', '/'))) await main();
