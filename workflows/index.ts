export { admission } from './admission.js';
export { promotion } from './promotion.js';
