/** Settings of the embedded server: durable, small, and silent about what is stored. */
const SETTINGS: Readonly<Record<string, string>> = {
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  shared_buffers: '48MB',
  max_connections: '60',
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_wal_size: '256MB',
  max_worker_processes: '2',
  max_parallel_workers: '0',
  max_parallel_workers_per_gather: '0',
  autovacuum_max_workers: '2',
  io_method: 'sync',
  huge_pages: 'off',
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_checkpoints: 'off',
  // Statements and details of errors may quote rows.
  log_error_verbosity: 'terse',
  log_min_error_statement: 'panic',
  log_parameter_max_length: '0',
  log_parameter_max_length_on_error: '0',
};

/** Arguments of `postgres`. On a unix system it listens on the socket only; elsewhere on loopback, with a password. */
export function serverArguments(serverDir: string, listen: { socketDir: string } | { port: number }): string[] {
  const listening =
    'socketDir' in listen
      ? { listen_addresses: '', unix_socket_directories: listen.socketDir, unix_socket_permissions: '0700' }
      : { listen_addresses: '127.0.0.1', port: String(listen.port) };
  const settings = Object.entries({ ...SETTINGS, ...listening });
  return ['-D', serverDir, ...settings.flatMap(([name, value]) => ['-c', `${name}=${value}`])];
}
