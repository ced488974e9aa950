/** Set by the runner's global set-up: the data directory of the shared server. */
export const TEST_HOME = 'TRUNKLINE_TEST_HOME';
