/** What the kernel offers the program that is being written: helpers and kfuncs by its section's type. */
import { helperId } from '../abi/helper_id.ts';
import { BPF_TRACE_ITER, findSectionDef, parseSectionName } from '../abi/section.ts';
import { offersHelper } from '../verifier/helper_offer.ts';
import { offersKfunc } from '../verifier/kfunc_table.ts';
import { progTypeRule } from '../verifier/prog_type.ts';

/** Where most programs here belong; what a function without a section is judged by. */
const USUAL_SECTION = 'iter/task';

export interface Offer {
  readonly helper: (name: string) => boolean;
  readonly kfunc: (name: string) => boolean;
}

/** @param section of the program, or null when it has none */
export function offerOf(section: string | null): Offer {
  const name = parseSectionName(section ?? USUAL_SECTION).name;
  const def = findSectionDef(name) ?? findSectionDef(USUAL_SECTION);
  const type = def && progTypeRule(def.progType);
  if (!def || !type) return { helper: () => true, kfunc: () => true };
  const isIterator = def.attachType === BPF_TRACE_ITER;
  const target = isIterator ? name.slice(name.indexOf('/') + 1) : '';
  return {
    helper: (helper) => {
      const id = helperId(helper);
      return id !== undefined && offersHelper(type, id, !isIterator);
    },
    kfunc: (kfunc) => offersKfunc(kfunc, { hook: type.kfuncs, isLsm: type.name === 'LSM', target }),
  };
}
