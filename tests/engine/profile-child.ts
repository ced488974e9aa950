/**
 * A phone in a process of its own, because a process reads the authority of the sandbox's media host only at its
 * start. Reads one JSON line `{network, control, number}` and prints what it learned as one JSON line.
 */
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { SandboxControl } from '../sandbox/control.js';
import { until } from '../sandbox/until.js';
import { EnginePhone, sandboxEngine } from './engine-phone.js';

interface Task {
  readonly network: { url: string; root: string };
  readonly control: { url: string; secret: string };
  readonly orgId: string;
  readonly number: string;
  readonly name: string;
  readonly image: string;
}

const [line] = await once(createInterface(process.stdin), 'line');
const task: Task = JSON.parse(String(line));
const control = new SandboxControl(task.control, task.orgId);
const phone = new EnginePhone(sandboxEngine(task.network, task.orgId));
const images = (): string[] =>
  phone.all('profile').flatMap(({ image }) => (image ? [Buffer.from(image).toString('base64')] : []));
const names = (): string[] => phone.all('profile').flatMap(({ name }) => (name ? [name] : []));

await phone.link(control, task.number);
const learned = {
  image: await until('the picture', () => images().at(-1)),
  name: await until('the name', () => names().at(-1)),
};
await phone.session?.setProfileImage(Buffer.from(task.image, 'base64'));
await until('the new picture to be read back', () => images().at(-1) === task.image);
await until('the settings keys', () => phone.store.credentials?.toString().includes('myAppStateKeyId'));
await phone.session?.setProfileName(task.name);
await until('the new name', () => names().at(-1) === task.name);
await phone.session?.resync();
await phone.session?.close();
await phone.login();
const afterwards = { name: await until('the name', () => names().at(-1)), pictures: images().length };
await phone.session?.close();
// The library leaves timers of up to 30 s behind.
process.stdout.write(`${JSON.stringify({ learned, afterwards })}\n`, () => process.exit(0));
