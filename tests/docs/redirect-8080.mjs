import { Socket } from 'node:net';

// Loaded before a program that only knows port 8080: its connections go to the port of the environment instead.
const to = Number(process.env.TO_PORT);
const { connect } = Socket.prototype;
Socket.prototype.connect = function (...args) {
  // Callers inside Node pass their arguments as one array.
  const [options] = Array.isArray(args[0]) ? args[0] : args;
  if (typeof options === 'object' && Number(options.port) === 8080) options.port = to;
  return connect.apply(this, args);
};
