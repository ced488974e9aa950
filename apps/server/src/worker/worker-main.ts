/** Entry of a worker process. The remedies come before anything that loads the engine library. */
import { prepareProcess } from '@trunkline/engine-baileys/prepare';

prepareProcess();
const { connectToSupervisor } = await import('../supervise/child-side.js');
const { runWorker } = await import('./run-worker.js');
await runWorker(await connectToSupervisor());
