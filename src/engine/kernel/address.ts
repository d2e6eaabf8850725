/**
 * Where things live in a 64-bit address space, as x86-64 Linux lays it out.
 *
 *     0 .. USER_MAX                user space, per mm
 *     pageOffset + o               direct map: linear offset o of our memory
 *     vmalloc + o                  the same linear offset, seen as vmalloc memory
 *     0xffffffff80000000 ..        kernel image and modules: only pages that are modelled exist
 *
 * A pointer is never just wrapped to 32 bits: what is in no range is a fault.
 */
import type { Addr } from '../../shared/brand.ts';

export interface AddressMap {
  /** Start of the direct map. */
  readonly pageOffset: Addr;
  /** Start of vmalloc space. */
  readonly vmalloc: Addr;
  /** First address that is not user space. */
  readonly userEnd: Addr;
}

export const FOUR_LEVEL: AddressMap = {
  pageOffset: 0xffff_8880_0000_0000n,
  vmalloc: 0xffff_c900_0000_0000n,
  userEnd: 0x0000_7fff_ffff_f000n,
};

export const FIVE_LEVEL: AddressMap = {
  pageOffset: 0xff11_0000_0000_0000n,
  vmalloc: 0xffa0_0000_0000_0000n,
  userEnd: 0x00ff_ffff_ffff_f000n,
};

/** First address of the kernel image mapping; modules follow in the same 2 GiB. */
export const KERNEL_IMAGE: Addr = 0xffff_ffff_8000_0000n;
export const PAGE_SIZE = 4096;
