import { keepCompiledCode } from './platform/process/compile-cache.ts';
import { collectSooner } from './platform/process/heap.ts';

collectSooner();
keepCompiledCode();
// Only what is imported from here on is found compiled.
const { startProcess } = await import('./wiring/start-process.ts');
await startProcess();
