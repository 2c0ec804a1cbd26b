// Vector primitives for which Swift's SIMD types have no operation that compiles to one instruction.
//
// The ext_vector_type typedefs import into Swift as SIMD8<Double>, SIMD8<Float>, SIMD8<Int64>, ...
// `a * b + c` written here becomes a fused multiply-add where the target has it and a product and a
// sum where it has not, so one source serves both.
#pragma once

typedef double cl_v8d __attribute__((ext_vector_type(8)));
typedef float cl_v8f __attribute__((ext_vector_type(8)));
typedef long long cl_v8l __attribute__((ext_vector_type(8)));
typedef int cl_v8i __attribute__((ext_vector_type(8)));

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
