export { admission } from './admission.js';
export { promotion } from './promotion.js';
export { reconcile } from './reconcile.js';
export { rollback } from './rollback.js';
export { undelivered } from './undelivered.js';
