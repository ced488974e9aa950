import { Socket as TcpSocket } from 'node:net';

/**
 * The official client can only reach localhost:8080. Here the last step, the TCP connection, is led to the port that
 * this test listens on, so that the client stays as it is and the test needs no port of its own.
 */
export function leadPort8080To(port: number): () => void {
  const original = Reflect.get(TcpSocket.prototype, 'connect') as (...args: unknown[]) => TcpSocket;
  TcpSocket.prototype.connect = function connect(this: TcpSocket, ...args: unknown[]) {
    const first: unknown = Array.isArray(args[0]) ? (args[0] as unknown[])[0] : args[0];
    if (typeof first === 'object' && first !== null && 'port' in first && Number(first.port) === 8080) {
      Object.assign(first, { port });
    }
    return Reflect.apply(original, this, args);
  } as typeof TcpSocket.prototype.connect;
  return () => {
    Reflect.set(TcpSocket.prototype, 'connect', original);
  };
}
