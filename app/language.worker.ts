/** The language worker: compiles and verifies what is typed. */
import type { Port } from '../src/protocol/port.ts';
import { serve } from '../src/protocol/server.ts';
import { createEngineApi } from '../src/engine/machine_api.ts';
import { resources } from './resources.ts';

serve(self as unknown as Port, createEngineApi(resources));
