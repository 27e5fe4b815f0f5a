// Last step of the build: the workflows' bundle, beside the compiled worker.
import { writeBundle } from '../dist/worker/bundle.js';

await writeBundle();
