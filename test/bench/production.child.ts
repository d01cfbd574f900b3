// Before the rest of a child: what a process of production does first.
import { collectSooner } from '../../src/platform/process/heap.ts';

collectSooner();
