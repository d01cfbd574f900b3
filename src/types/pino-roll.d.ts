declare module 'pino-roll' {
  import type { EventEmitter } from 'node:events';

  interface RollOptions {
    file: string;
    size?: string;
    frequency?: 'daily' | 'hourly' | number;
    limit?: { count: number; removeOtherLogFiles?: boolean };
    mkdir?: boolean;
  }
  interface RolledFile extends EventEmitter {
    write(line: string): boolean;
    end(): void;
  }
  export default function roll(options: RollOptions): Promise<RolledFile>;
}
