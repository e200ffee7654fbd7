/**
 * The WebAssembly SIMD operations that instruction texts may use, by their own names, with the kinds of their arguments and of
 * the result: v (128 bits), i (32 bits), l (64 bits). Operations whose name ends in `_lane`, `_lane_s` or `_lane_u` need the
 * immediate lane number. Shift counts are i and taken modulo the lane width, as in WebAssembly. Left out: everything on f32x4 and
 * f64x2 (an instruction's text uses the fp operations on lanes), and i8x16.shuffle, which is `shuffle` of the algebra.
 */
// prettier-ignore
export const SIMD_OPS = {
  'v128.and': 'vv:v', 'v128.or': 'vv:v', 'v128.xor': 'vv:v', 'v128.andnot': 'vv:v', 'v128.not': 'v:v', 'v128.bitselect': 'vvv:v', 'v128.any_true': 'v:i',

  'i8x16.splat': 'i:v', 'i16x8.splat': 'i:v', 'i32x4.splat': 'i:v', 'i64x2.splat': 'l:v',
  'i8x16.extract_lane_s': 'v:i', 'i8x16.extract_lane_u': 'v:i', 'i16x8.extract_lane_s': 'v:i', 'i16x8.extract_lane_u': 'v:i',
  'i32x4.extract_lane': 'v:i', 'i64x2.extract_lane': 'v:l',
  'i8x16.replace_lane': 'vi:v', 'i16x8.replace_lane': 'vi:v', 'i32x4.replace_lane': 'vi:v', 'i64x2.replace_lane': 'vl:v',
  'i8x16.swizzle': 'vv:v',
  'i8x16.bitmask': 'v:i', 'i16x8.bitmask': 'v:i', 'i32x4.bitmask': 'v:i', 'i64x2.bitmask': 'v:i',
  'i8x16.all_true': 'v:i', 'i16x8.all_true': 'v:i', 'i32x4.all_true': 'v:i', 'i64x2.all_true': 'v:i',

  'i8x16.abs': 'v:v', 'i16x8.abs': 'v:v', 'i32x4.abs': 'v:v', 'i64x2.abs': 'v:v',
  'i8x16.neg': 'v:v', 'i16x8.neg': 'v:v', 'i32x4.neg': 'v:v', 'i64x2.neg': 'v:v', 'i8x16.popcnt': 'v:v',
  'i8x16.add': 'vv:v', 'i16x8.add': 'vv:v', 'i32x4.add': 'vv:v', 'i64x2.add': 'vv:v',
  'i8x16.sub': 'vv:v', 'i16x8.sub': 'vv:v', 'i32x4.sub': 'vv:v', 'i64x2.sub': 'vv:v',
  'i16x8.mul': 'vv:v', 'i32x4.mul': 'vv:v', 'i64x2.mul': 'vv:v',
  'i8x16.add_sat_s': 'vv:v', 'i8x16.add_sat_u': 'vv:v', 'i16x8.add_sat_s': 'vv:v', 'i16x8.add_sat_u': 'vv:v',
  'i8x16.sub_sat_s': 'vv:v', 'i8x16.sub_sat_u': 'vv:v', 'i16x8.sub_sat_s': 'vv:v', 'i16x8.sub_sat_u': 'vv:v',
  'i8x16.avgr_u': 'vv:v', 'i16x8.avgr_u': 'vv:v', 'i16x8.q15mulr_sat_s': 'vv:v', 'i32x4.dot_i16x8_s': 'vv:v',
  'i8x16.min_s': 'vv:v', 'i8x16.min_u': 'vv:v', 'i16x8.min_s': 'vv:v', 'i16x8.min_u': 'vv:v', 'i32x4.min_s': 'vv:v', 'i32x4.min_u': 'vv:v',
  'i8x16.max_s': 'vv:v', 'i8x16.max_u': 'vv:v', 'i16x8.max_s': 'vv:v', 'i16x8.max_u': 'vv:v', 'i32x4.max_s': 'vv:v', 'i32x4.max_u': 'vv:v',

  'i8x16.eq': 'vv:v', 'i16x8.eq': 'vv:v', 'i32x4.eq': 'vv:v', 'i64x2.eq': 'vv:v',
  'i8x16.ne': 'vv:v', 'i16x8.ne': 'vv:v', 'i32x4.ne': 'vv:v', 'i64x2.ne': 'vv:v',
  'i8x16.gt_s': 'vv:v', 'i16x8.gt_s': 'vv:v', 'i32x4.gt_s': 'vv:v', 'i64x2.gt_s': 'vv:v',
  'i8x16.gt_u': 'vv:v', 'i16x8.gt_u': 'vv:v', 'i32x4.gt_u': 'vv:v',

  'i8x16.shl': 'vi:v', 'i16x8.shl': 'vi:v', 'i32x4.shl': 'vi:v', 'i64x2.shl': 'vi:v',
  'i8x16.shr_s': 'vi:v', 'i16x8.shr_s': 'vi:v', 'i32x4.shr_s': 'vi:v', 'i64x2.shr_s': 'vi:v',
  'i8x16.shr_u': 'vi:v', 'i16x8.shr_u': 'vi:v', 'i32x4.shr_u': 'vi:v', 'i64x2.shr_u': 'vi:v',

  'i8x16.narrow_i16x8_s': 'vv:v', 'i8x16.narrow_i16x8_u': 'vv:v', 'i16x8.narrow_i32x4_s': 'vv:v', 'i16x8.narrow_i32x4_u': 'vv:v',
  'i16x8.extend_low_i8x16_s': 'v:v', 'i16x8.extend_high_i8x16_s': 'v:v', 'i16x8.extend_low_i8x16_u': 'v:v', 'i16x8.extend_high_i8x16_u': 'v:v',
  'i32x4.extend_low_i16x8_s': 'v:v', 'i32x4.extend_high_i16x8_s': 'v:v', 'i32x4.extend_low_i16x8_u': 'v:v', 'i32x4.extend_high_i16x8_u': 'v:v',
  'i64x2.extend_low_i32x4_s': 'v:v', 'i64x2.extend_high_i32x4_s': 'v:v', 'i64x2.extend_low_i32x4_u': 'v:v', 'i64x2.extend_high_i32x4_u': 'v:v',
  'i16x8.extmul_low_i8x16_s': 'vv:v', 'i16x8.extmul_high_i8x16_s': 'vv:v', 'i16x8.extmul_low_i8x16_u': 'vv:v', 'i16x8.extmul_high_i8x16_u': 'vv:v',
  'i32x4.extmul_low_i16x8_s': 'vv:v', 'i32x4.extmul_high_i16x8_s': 'vv:v', 'i32x4.extmul_low_i16x8_u': 'vv:v', 'i32x4.extmul_high_i16x8_u': 'vv:v',
  'i64x2.extmul_low_i32x4_s': 'vv:v', 'i64x2.extmul_high_i32x4_s': 'vv:v', 'i64x2.extmul_low_i32x4_u': 'vv:v', 'i64x2.extmul_high_i32x4_u': 'vv:v',
  'i16x8.extadd_pairwise_i8x16_s': 'v:v', 'i16x8.extadd_pairwise_i8x16_u': 'v:v',
  'i32x4.extadd_pairwise_i16x8_s': 'v:v', 'i32x4.extadd_pairwise_i16x8_u': 'v:v',
} as const satisfies Record<string, string>
export type SimdOp = keyof typeof SIMD_OPS
