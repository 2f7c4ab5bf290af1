import { expect, test } from 'vitest';
import { z } from 'zod';
import { recipeSchema, recipeSchemaId } from '../../shared/recipe.ts';

test('docs/barnraiser.schema.json is the schema of recipes', async () => {
  const { $schema, ...schema } = z.toJSONSchema(recipeSchema, { io: 'input', unrepresentable: 'any' });
  const text = JSON.stringify({ $schema, $id: recipeSchemaId, title: 'Barnraiser recipe', ...schema }, null, 2);
  // `vitest -u` writes it
  await expect(`${text}\n`).toMatchFileSnapshot('../../docs/barnraiser.schema.json');
});
