// Runs before anything else and on any Node that knows modules, so it uses no syntax newer than that.

const FLOOR = [20, 19];

/** Loads a command, or says in one sentence why this Node cannot. Expected failures are told in one sentence too. */
export function onSupportedNode(load) {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < FLOOR[0] || (major === FLOOR[0] && minor < FLOOR[1])) {
    console.error(
      `Trunkline needs Node.js ${FLOOR.join('.')} or newer (24 is recommended), but this is ${process.versions.node}. ` +
        'Install a newer one from https://nodejs.org and start again.',
    );
    process.exit(1);
  }
  load().catch((error) => {
    console.error(error.name === 'Stop' ? `trunkline: ${error.message}` : error);
    process.exit(1);
  });
}
