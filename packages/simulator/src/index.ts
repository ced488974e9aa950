export { type Sandbox, type SandboxOptions, startSandbox } from './sandbox.js';
export { sandboxRootPublicKey } from './wire/certificate.js';
