import { join } from 'node:path';
import { expect, test } from 'vitest';
import { worldJsonSchema } from './world_json_schema.ts';

test('docs/world.schema.json is the schema that worlds are checked by', async () => {
  await expect(JSON.stringify(worldJsonSchema(), null, 2) + '\n').toMatchFileSnapshot(
    join(import.meta.dirname, '../../../docs/world.schema.json'),
  );
});
