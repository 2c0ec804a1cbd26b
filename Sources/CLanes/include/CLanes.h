// Vector primitives for which Swift's SIMD types have no operation that compiles to one
// instruction.
//
// The ext_vector_type typedefs import into Swift as SIMD8<Double>, SIMD8<Float>, SIMD8<Int64>, ...
// `a * b + c` written here becomes a fused multiply-add where the target has it and a product and a
// sum where it has not, so one source serves both.
#pragma once

// Without AVX vectors of 64 bytes are passed otherwise than with it; all functions here are inlined.
#if defined(__clang__)
#pragma clang diagnostic ignored "-Wpsabi"
#endif

typedef double cl_v8d __attribute__((ext_vector_type(8)));
typedef float cl_v8f __attribute__((ext_vector_type(8)));
typedef long long cl_v8l __attribute__((ext_vector_type(8)));
typedef int cl_v8i __attribute__((ext_vector_type(8)));
typedef unsigned int cl_v8u __attribute__((ext_vector_type(8)));
typedef unsigned long long cl_v8ul __attribute__((ext_vector_type(8)));

// As many lanes as one vector register of the target holds, four or eight of a packet's eight: kernels
// whose working set is large treat a packet register by register.
#if defined(__AVX512F__)
typedef double cl_register __attribute__((ext_vector_type(8)));
#else
typedef double cl_register __attribute__((ext_vector_type(4)));
#endif

#define CL_INLINE static inline __attribute__((always_inline))

// a * b + c
CL_INLINE cl_v8d cl_mad(cl_v8d a, cl_v8d b, cl_v8d c) { return a * b + c; }
CL_INLINE cl_v8f cl_madf(cl_v8f a, cl_v8f b, cl_v8f c) { return a * b + c; }
// c - a * b
CL_INLINE cl_v8d cl_nmad(cl_v8d a, cl_v8d b, cl_v8d c) { return c - a * b; }
CL_INLINE cl_v8f cl_nmadf(cl_v8f a, cl_v8f b, cl_v8f c) { return c - a * b; }

CL_INLINE cl_v8d cl_sqrt(cl_v8d x) { return __builtin_elementwise_sqrt(x); }
CL_INLINE cl_v8d cl_min(cl_v8d a, cl_v8d b) { return __builtin_elementwise_min(a, b); }
CL_INLINE cl_v8d cl_max(cl_v8d a, cl_v8d b) { return __builtin_elementwise_max(a, b); }
CL_INLINE cl_v8d cl_abs(cl_v8d a) { return __builtin_elementwise_abs(a); }
CL_INLINE cl_v8f cl_minf(cl_v8f a, cl_v8f b) { return __builtin_elementwise_min(a, b); }
CL_INLINE cl_v8f cl_maxf(cl_v8f a, cl_v8f b) { return __builtin_elementwise_max(a, b); }

CL_INLINE cl_v8f cl_to_float(cl_v8d a) { return __builtin_convertvector(a, cl_v8f); }
CL_INLINE cl_v8d cl_to_double(cl_v8f a) { return __builtin_convertvector(a, cl_v8d); }

CL_INLINE cl_v8f cl_sqrtf(cl_v8f x) { return __builtin_elementwise_sqrt(x); }
CL_INLINE cl_v8f cl_absf(cl_v8f x) { return __builtin_elementwise_abs(x); }

// Masks are all ones or all zeros in each lane.
CL_INLINE int cl_any(cl_v8l mask) { return __builtin_reduce_or(mask) != 0; }
CL_INLINE int cl_all(cl_v8l mask) { return __builtin_reduce_and(mask) != 0; }
// Whether |x| <= bound in every lane; false where a lane is not a number.
CL_INLINE int cl_all_within(cl_v8d x, double bound) {
  return __builtin_reduce_and(__builtin_elementwise_abs(x) <= (cl_v8d)bound) != 0;
}
// Whether low <= x <= high in every lane; false where a lane is not a number.
CL_INLINE int cl_all_between(cl_v8d x, double low, double high) {
  return __builtin_reduce_and((x >= (cl_v8d)low) & (x <= (cl_v8d)high)) != 0;
}

// All ones where the sign bit of a number, or the lowest bit of an integer, is set.
CL_INLINE cl_v8l cl_sign_mask(cl_v8d x) { return (cl_v8l)((cl_v8l)x < 0); }
CL_INLINE cl_v8l cl_odd_mask(cl_v8ul x) { return (cl_v8l)((cl_v8l)(x << 63) < 0); }

// The sum over lanes, always added in the same order: ((0+4)+(2+6)) + ((1+5)+(3+7)).
CL_INLINE double cl_sum(cl_v8d x) {
  cl_v8d a = x + __builtin_shufflevector(x, x, 4, 5, 6, 7, 0, 1, 2, 3);
  cl_v8d b = a + __builtin_shufflevector(a, a, 2, 3, 0, 1, 6, 7, 4, 5);
  return b[0] + b[1];
}
CL_INLINE float cl_sumf(cl_v8f x) {
  cl_v8f a = x + __builtin_shufflevector(x, x, 4, 5, 6, 7, 0, 1, 2, 3);
  cl_v8f b = a + __builtin_shufflevector(a, a, 2, 3, 0, 1, 6, 7, 4, 5);
  return b[0] + b[1];
}
// Two vectors to the sums of their halves, four lanes of `a` and of `b` interleaved.
CL_INLINE cl_v8f cl_fold_pair(cl_v8f a, cl_v8f b) {
  return __builtin_shufflevector(a, b, 0, 8, 1, 9, 4, 12, 5, 13) +
         __builtin_shufflevector(a, b, 2, 10, 3, 11, 6, 14, 7, 15);
}
CL_INLINE cl_v8f cl_fold_quad(cl_v8f a, cl_v8f b) {
  return __builtin_shufflevector(a, b, 0, 1, 8, 9, 4, 5, 12, 13) +
         __builtin_shufflevector(a, b, 2, 3, 10, 11, 6, 7, 14, 15);
}
// Lane i of the answer is the sum over the lanes of the i-th vector, in a fixed order.
CL_INLINE cl_v8f cl_sum8(cl_v8f a0, cl_v8f a1, cl_v8f a2, cl_v8f a3, cl_v8f a4, cl_v8f a5,
                         cl_v8f a6, cl_v8f a7) {
  cl_v8f low = cl_fold_quad(cl_fold_pair(a0, a1), cl_fold_pair(a2, a3));
  cl_v8f high = cl_fold_quad(cl_fold_pair(a4, a5), cl_fold_pair(a6, a7));
  return __builtin_shufflevector(low, high, 0, 1, 2, 3, 8, 9, 10, 11) +
         __builtin_shufflevector(low, high, 4, 5, 6, 7, 12, 13, 14, 15);
}

// The 64-bit product of the low 32 bits of every lane and of `b`.
CL_INLINE cl_v8ul cl_mul32(cl_v8ul a, unsigned int b) {
  return (a & 0xffffffffull) * (cl_v8ul)(unsigned long long)b;
}

// a * b + c and c - a * b on one register.
CL_INLINE cl_register cl_register_mad(cl_register a, cl_register b, cl_register c) {
  return a * b + c;
}
CL_INLINE cl_register cl_register_nmad(cl_register a, cl_register b, cl_register c) {
  return c - a * b;
}
CL_INLINE cl_register cl_register_sqrt(cl_register x) { return __builtin_elementwise_sqrt(x); }

// Translations among lanes that number the blocks of a periodic lattice, the last direction fastest:
// lane l of the answer is the lane of the block that lies `shift` (a lane number as well) from block l.
// CL_BLOCKS_42 has 4 blocks in one direction and 2 in the next, and so on.
#define CL_BLOCKS_8(l, shift) (((l) + (shift)) & 7)
#define CL_BLOCKS_42(l, shift) (((((l) & 6) + ((shift) & 6)) & 6) | (((l) ^ (shift)) & 1))
#define CL_BLOCKS_24(l, shift) ((((l) ^ (shift)) & 4) | (((l) + (shift)) & 3))
#define CL_BLOCKS_222(l, shift) ((l) ^ (shift))

#define CL_TRANSLATION(first, blocks, shift, store)                                             \
  case first + shift:                                                                           \
    for (long i = 0; i < count; i++)                                                            \
      to[i] store __builtin_shufflevector(                                                      \
          from[i], from[i], blocks(0, shift), blocks(1, shift), blocks(2, shift),               \
          blocks(3, shift), blocks(4, shift), blocks(5, shift), blocks(6, shift),               \
          blocks(7, shift));                                                                    \
    break;
#define CL_TRANSLATIONS(first, blocks, store)                                                   \
  CL_TRANSLATION(first, blocks, 1, store) CL_TRANSLATION(first, blocks, 2, store)               \
  CL_TRANSLATION(first, blocks, 3, store) CL_TRANSLATION(first, blocks, 4, store)               \
  CL_TRANSLATION(first, blocks, 5, store) CL_TRANSLATION(first, blocks, 6, store)               \
  CL_TRANSLATION(first, blocks, 7, store)
#define CL_ALL_TRANSLATIONS(store)                                                              \
  switch (code) {                                                                               \
    CL_TRANSLATIONS(0, CL_BLOCKS_8, store)                                                      \
    CL_TRANSLATIONS(8, CL_BLOCKS_42, store)                                                     \
    CL_TRANSLATIONS(16, CL_BLOCKS_24, store)                                                    \
    CL_TRANSLATIONS(24, CL_BLOCKS_222, store)                                                   \
    default:                                                                                    \
      for (long i = 0; i < count; i++) to[i] store from[i];                                     \
  }

// Copies vectors, or adds them, with their lanes translated; `code` is 8 times the number of the kind
// of blocks, and the shift.
// Swift gives vectors in memory the alignment of 16 bytes at most.
typedef double cl_v8d_in_memory __attribute__((ext_vector_type(8), aligned(8), may_alias));
static inline void cl_translate(const void *source, void *target, long count, int code) {
  const cl_v8d_in_memory *from = (const cl_v8d_in_memory *)source;
  cl_v8d_in_memory *to = (cl_v8d_in_memory *)target;
  CL_ALL_TRANSLATIONS(=)
}
static inline void cl_add_translated(const void *source, void *target, long count, int code) {
  const cl_v8d_in_memory *from = (const cl_v8d_in_memory *)source;
  cl_v8d_in_memory *to = (cl_v8d_in_memory *)target;
  CL_ALL_TRANSLATIONS(+=)
}
