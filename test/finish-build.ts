// The build's last step: writes what is generated from compiled sources. That is the validator of
// the Model's JSON schema, as plain code, so that no start ever compiles a schema; the bundle;
// the page of the live dashboard; and the rows of `hawser help`.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import standalone from 'ajv/dist/standalone/index.js';
import { modelSchema } from '../shared/config/schema.ts';
import { makeBundle } from './bundle.ts';
import { makePage } from './page-bundle.ts';
import { referenceRows } from './reference.ts';

const ajv = new Ajv({ allErrors: true, inlineRefs: false, code: { source: true, esm: true } });
const code = standalone.default(ajv, ajv.compile(modelSchema));
const target = fileURLToPath(new URL('../shared/config/schema-validator.js', import.meta.url));
writeFileSync(target, `// Generated from schema.ts by test/finish-build.ts.\n${code}\n`);
await makeBundle();
await makePage(['..', '../bundle']);
// What `hawser help` reads, beside either form of the program.
const rows = JSON.stringify(referenceRows());
for (const folder of ['..', '../bundle']) {
  writeFileSync(fileURLToPath(new URL(`${folder}/reference.json`, import.meta.url)), rows);
}
