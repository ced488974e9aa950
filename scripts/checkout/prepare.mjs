import { compile } from './compile.mjs';
import { install } from './install.mjs';

/** Brings the checkout to where it can run: nothing is done that was done before. */
export async function prepare() {
  await compile(await install());
}
