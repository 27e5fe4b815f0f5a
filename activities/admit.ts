import type { Admission, AdmissionRequest } from '../src/adapters/admission.js';
import { beating } from './beating.js';
import type { Dependencies } from './dependencies.js';

export type { Admission, Admitted } from '../src/adapters/admission.js';

export function admitWith({ admit }: Dependencies): (request: AdmissionRequest) => Promise<Admission> {
  return (request) => beating((signal) => admit(request, signal));
}
