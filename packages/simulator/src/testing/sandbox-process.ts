/** A sandbox in a process of its own, to be killed without warning. Argument: the journal's path. */
import { startSandbox } from '../sandbox.js';

const sandbox = await startSandbox({ journalPath: process.argv[2] ?? '' });
process.send?.({ network: sandbox.network, control: sandbox.control });
