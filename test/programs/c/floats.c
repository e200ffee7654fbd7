/*
 * Floating point to the last bit. Each operation runs on operands of every class (zeros, denormals, edges, infinities, NaNs with
 * payloads, encodings that x87 refuses) in every mode of its unit; a line gives operation, mode and a hash of all results and of the
 * exception flags after each. `floats N` runs every Nth case only; `floats 1 OPERATION MODE` prints the cases themselves.
 */
#include <fenv.h>
#include <immintrin.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

typedef union {
	double d;
	float f;
	long double l;
	int32_t i;
	int64_t q;
	uint64_t u[4];
	__m128 ps;
	__m128d pd;
	__m128i w;
} result;

typedef void operation(const void *a, const void *b, const void *c, result *r);

/* The operands, by type: what `a`, `b` and `c` of an operation point to. */
static const uint64_t doubles[] = {
	0, 1, 0x8000000000000, 0xfffffffffffff, 0x10000000000000, 0x10000000000001, 0x2000000000000000, 0x36a0000000000000,
	0x3690000000000001, 0x380fffffffffffff, 0x3cb0000000000000, 0x3e5fffffffffffff, 0x3f0ffdffffffffff, 0x3fb999999999999a,
	0x3fe0000000000000, 0x3fefffffffffffff, 0x3ff0000000000000, 0xbff0000000000001, 0x3ff8000000000000, 0xc004000000000000,
	0x400921fb54442d18, 0x40efffe000000001, 0xc1e0000000100000, 0x41dfffffffe00000, 0x41efffffffffffff, 0x4330000000000001,
	0x433fffffffffffff, 0xc3e0000000000000, 0x43efffffffffffff, 0x47efffffefffffff, 0x47f0000000000000, 0x5fe1234567891234,
	0x7fefffffffffffff, 0xffefffffffffffff, 0x7ff0000000000000, 0xfff0000000000000, 0x8000000000000000, 0x800000000000000f,
	0x7ff8000000000000, 0xfff8000000000abc, 0x7ff8123456789abc, 0x7ff0000000000001, 0xfff4000000000def,
};
static const uint32_t floats[] = {
	0, 1, 0x400000, 0x7fffff, 0x800000, 0x800001, 0x10000000, 0x33000000, 0x337fffff, 0x33800001, 0x387fc000, 0x387fe000,
	0x38800000, 0x3dcccccd, 0x3f000000, 0x3f7fffff, 0x3f800000, 0xbf800001, 0x3fc00000, 0xc0200000, 0x40490fdb, 0x477fe000,
	0x477ff000, 0xc77fefff, 0x4b800001, 0x4effffff, 0xcf000000, 0x4f7fffff, 0xdf000000, 0x5f7fffff, 0x7f7fffff, 0xff7fffff,
	0x7f800000, 0xff800000, 0x80000000, 0x8000000f, 0x7fc00000, 0xffc00abc, 0x7fd23456, 0x7f800001, 0xffa00def,
};
/* Significand, then sign and exponent. */
static const struct { uint64_t significand; uint16_t top; } extendeds[] = {
	{ 0, 0 }, { 1, 0 }, { 0x7fffffffffffffff, 0 }, { 0x8000000000000000, 0 }, { 0x8000000000000000, 1 },
	{ 0xffffffffffffffff, 0x3bcd }, { 0x8000000000000001, 0x3c01 }, { 0x8000000000000000, 0x3fbf }, { 0xcccccccccccccccd, 0x3ffb },
	{ 0x8000000000000000, 0x3ffe }, { 0xffffffffffffffff, 0x3ffe }, { 0x8000000000000000, 0x3fff }, { 0x8000000000000001, 0xbfff },
	{ 0xc000000000000000, 0x3fff }, { 0xa000000000000000, 0xc000 }, { 0xc90fdaa22168c235, 0x4000 }, { 0xfffe000000000001, 0x400d },
	{ 0xffff000000000000, 0xc00e }, { 0xffffffff00000000, 0x401e }, { 0x8000000000000000, 0xc01e }, { 0xffffffffffffffff, 0x403d },
	{ 0x8000000000000000, 0xc03e }, { 0xffffffffffffffff, 0x403e }, { 0xffffff7fffffffff, 0x407e }, { 0xfffffffffffffbff, 0x43fe },
	{ 0x8123456789abcdef, 0x5fff }, { 0xffffffffffffffff, 0x7ffe }, { 0xffffffffffffffff, 0xfffe }, { 0x8000000000000000, 0x7fff },
	{ 0x8000000000000000, 0xffff }, { 0, 0x8000 }, { 0xff, 0x8000 }, { 0xc000000000000000, 0xffff }, { 0xc123456789abcdef, 0x7fff },
	{ 0xc000000000000abc, 0xffff }, { 0x8000000000000001, 0x7fff }, { 0xa000000000000def, 0xffff }, { 0x4000000000000000, 0x3fff },
	{ 0, 0x7fff }, { 0x7fffffffffffffff, 0xffff },
};
static const uint64_t integers[] = {
	0, 1, -1ul, 0x7fff, 0x8000, 0x1000001, 0x7fffff80, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000001, 0x1fffff3ffffff,
	0x20000000000001, 0x3fffffffffffff, 0x7ffffffffffffdff, 0x7ffffffffffffe00, 0x7fffffffffffffff, 0x8000000000000000,
	0x8000000000000401, 0xfffffffffffffbff, 0xffffffff80000000, 0xffffffff7fffffff, 0x123456789abcdef0,
};
static const uint16_t halves[] = {
	0, 1, 0x3ff, 0x400, 0x401, 0x3555, 0x3bff, 0x3c00, 0xbc01, 0x7bff, 0xfbff, 0x7c00, 0xfc00, 0x8000, 0x80ff, 0x7e00, 0xfeab,
	0x7c01, 0xfd55,
};
#define EXTENDEDS (sizeof extendeds / sizeof *extendeds)
static long double extended[EXTENDEDS];

#define UNARY(T, name, expression)                                                                          \
	static void name(const void *pa, const void *pb, const void *pc, result *r)                         \
	{                                                                                                   \
		T a = *(const T *)pa;                                                                       \
		(void)pb, (void)pc;                                                                         \
		expression;                                                                                 \
	}
#define BINARY(T, name, expression)                                                                         \
	static void name(const void *pa, const void *pb, const void *pc, result *r)                         \
	{                                                                                                   \
		T a = *(const T *)pa, b = *(const T *)pb;                                                   \
		(void)pc;                                                                                   \
		expression;                                                                                 \
	}
#define TERNARY(T, name, expression)                                                                        \
	static void name(const void *pa, const void *pb, const void *pc, result *r)                         \
	{                                                                                                   \
		T a = *(const T *)pa, b = *(const T *)pb, c = *(const T *)pc;                               \
		expression;                                                                                 \
	}

/* Signalling relations, then quiet ones. */
#define RELATIONS                                                                                           \
	r->i = (a < b) | (a <= b) << 1 | (a > b) << 2 | (a >= b) << 3 | (a == b) << 4 | (a != b) << 5
#define QUIET_RELATIONS                                                                                     \
	r->i = isless(a, b) | islessequal(a, b) << 1 | isgreater(a, b) << 2 | isgreaterequal(a, b) << 3 |   \
	       islessgreater(a, b) << 4 | isunordered(a, b) << 5

#define ARITHMETIC(T, s, m)                                                                                 \
	BINARY(T, add_##s, r->m = a + b)                                                                    \
	BINARY(T, sub_##s, r->m = a - b)                                                                    \
	BINARY(T, mul_##s, r->m = a * b)                                                                    \
	BINARY(T, div_##s, r->m = a / b)                                                                    \
	BINARY(T, less_##s, r->m = a < b ? a : b)                                                           \
	BINARY(T, more_##s, r->m = a > b ? a : b)                                                           \
	BINARY(T, compare_##s, RELATIONS)                                                                   \
	BINARY(T, quiet_##s, QUIET_RELATIONS)                                                               \
	TERNARY(T, muladd_##s, r->m = a * b + c)                                                            \
	TERNARY(T, nmulsub_##s, r->m = -(a * b) - c)                                                        \
	UNARY(T, to_double_##s, r->d = a)                                                                   \
	UNARY(T, to_float_##s, r->f = a)                                                                    \
	UNARY(T, to_extended_##s, r->l = a)                                                                 \
	UNARY(T, to_int16_##s, r->i = (int16_t)a)                                                           \
	UNARY(T, to_int32_##s, r->i = (int32_t)a)                                                           \
	UNARY(T, to_int64_##s, r->q = (int64_t)a)                                                           \
	UNARY(T, to_uint32_##s, r->q = (uint32_t)a)                                                         \
	UNARY(T, to_uint64_##s, r->q = (uint64_t)a)

ARITHMETIC(double, d, d)
ARITHMETIC(float, f, f)
ARITHMETIC(long double, l, l)

/* Functions of the C library: name, and f or l behind it. */
#define LIBRARY(T, s, m)                                                                                    \
	UNARY(T, sqrt##s##_, r->m = sqrt##s(a))                                                             \
	UNARY(T, rint##s##_, r->m = rint##s(a))                                                             \
	UNARY(T, nearbyint##s##_, r->m = nearbyint##s(a))                                                   \
	UNARY(T, lrint##s##_, r->q = lrint##s(a))                                                           \
	UNARY(T, lround##s##_, r->q = lround##s(a))                                                         \
	UNARY(T, floor##s##_, r->m = floor##s(a))                                                           \
	UNARY(T, ceil##s##_, r->m = ceil##s(a))                                                             \
	UNARY(T, trunc##s##_, r->m = trunc##s(a))                                                           \
	UNARY(T, round##s##_, r->m = round##s(a))                                                           \
	UNARY(T, logb##s##_, r->m = logb##s(a))                                                             \
	UNARY(T, frexp##s##_, int e = 0; r->m = frexp##s(a, &e); r->u[3] = e)                               \
	UNARY(T, scalbn##s##_, r->m = scalbn##s(a, -1000))                                                  \
	BINARY(T, fmod##s##_, r->m = fmod##s(a, b))                                                         \
	BINARY(T, remainder##s##_, r->m = remainder##s(a, b))                                               \
	BINARY(T, fmin##s##_, r->m = fmin##s(a, b))                                                         \
	BINARY(T, nextafter##s##_, r->m = nextafter##s(a, b))                                               \
	BINARY(T, hypot##s##_, r->m = hypot##s(a, b))                                                       \
	TERNARY(T, fma##s##_, r->m = fma##s(a, b, c))
LIBRARY(double, , d)
LIBRARY(float, f, f)
LIBRARY(long double, l, l)

/* Not for long double: those use instructions whose last bit each processor model decides for itself. */
#define TRANSCENDENTAL(T, s, m)                                                                             \
	UNARY(T, sin##s##_, r->m = sin##s(a))                                                               \
	UNARY(T, cos##s##_, r->m = cos##s(a))                                                               \
	UNARY(T, tan##s##_, r->m = tan##s(a))                                                               \
	UNARY(T, asin##s##_, r->m = asin##s(a))                                                             \
	UNARY(T, atan##s##_, r->m = atan##s(a))                                                             \
	UNARY(T, exp##s##_, r->m = exp##s(a))                                                               \
	UNARY(T, expm1##s##_, r->m = expm1##s(a))                                                           \
	UNARY(T, log##s##_, r->m = log##s(a))                                                               \
	UNARY(T, log2##s##_, r->m = log2##s(a))                                                             \
	UNARY(T, tanh##s##_, r->m = tanh##s(a))                                                             \
	UNARY(T, cbrt##s##_, r->m = cbrt##s(a))                                                             \
	UNARY(T, lgamma##s##_, r->m = lgamma##s(a))                                                         \
	UNARY(T, erf##s##_, r->m = erf##s(a))                                                               \
	BINARY(T, pow##s##_, r->m = pow##s(a, b))                                                           \
	BINARY(T, atan2##s##_, r->m = atan2##s(a, b))
TRANSCENDENTAL(double, , d)
TRANSCENDENTAL(float, f, f)

UNARY(int64_t, from_int32_d, r->d = (int32_t)a)
UNARY(int64_t, from_int64_d, r->d = a)
UNARY(int64_t, from_uint64_d, r->d = (uint64_t)a)
UNARY(int64_t, from_int32_f, r->f = (int32_t)a)
UNARY(int64_t, from_int64_f, r->f = a)
UNARY(int64_t, from_uint64_f, r->f = (uint64_t)a)
UNARY(int64_t, from_int16_l, r->l = (int16_t)a)
UNARY(int64_t, from_int64_l, r->l = a)
UNARY(int64_t, from_uint64_l, r->l = (uint64_t)a)

/* Two and four lanes at once. */
#define PAIR _mm_setr_pd(a, b)
#define FOUR _mm_setr_ps(a, b, b, a)
BINARY(double, lanes_d, r->pd = _mm_div_pd(PAIR, _mm_setr_pd(b, 3)))
BINARY(double, least_d, r->pd = _mm_min_pd(PAIR, _mm_setr_pd(b, a)))
BINARY(double, most_d, r->pd = _mm_max_pd(PAIR, _mm_setr_pd(b, a)))
BINARY(double, hadd_d, r->pd = _mm_hadd_pd(PAIR, PAIR))
BINARY(double, addsub_d, r->pd = _mm_addsub_pd(PAIR, _mm_setr_pd(b, a)))
BINARY(double, dot_d, r->pd = _mm_dp_pd(PAIR, _mm_setr_pd(b, 0.5), 0x33))
BINARY(double, cmple_d, r->pd = _mm_cmple_pd(PAIR, _mm_setr_pd(b, a)))
BINARY(double, cmpord_d, r->pd = _mm_cmpord_pd(PAIR, _mm_setr_pd(b, 1)))
BINARY(double, to_int32s_d, r->w = _mm_cvtpd_epi32(PAIR))
BINARY(double, to_floats_d, r->ps = _mm_cvtpd_ps(PAIR))
UNARY(double, round_down_d, r->pd = _mm_round_sd(_mm_setzero_pd(), _mm_set_sd(a), 1))
UNARY(double, round_quiet_d, r->pd = _mm_round_sd(_mm_setzero_pd(), _mm_set_sd(a), 12))
BINARY(float, lanes_f, r->ps = _mm_mul_ps(FOUR, _mm_setr_ps(b, 3, a, a)))
BINARY(float, least_f, r->ps = _mm_min_ps(FOUR, _mm_setr_ps(b, a, 0, b)))
BINARY(float, hsub_f, r->ps = _mm_hsub_ps(FOUR, FOUR))
BINARY(float, dot_f, r->ps = _mm_dp_ps(FOUR, _mm_setr_ps(b, 0.5f, 1, 0), 0x75))
BINARY(float, cmpnlt_f, r->ps = _mm_cmpnlt_ps(FOUR, _mm_setr_ps(b, a, 0, b)))
BINARY(float, to_int32s_f, r->w = _mm_cvtps_epi32(FOUR))
BINARY(float, cut_int32s_f, r->w = _mm_cvttps_epi32(FOUR))
BINARY(float, to_doubles_f, r->pd = _mm_cvtps_pd(FOUR))
UNARY(float, square_root_f, r->ps = _mm_sqrt_ps(_mm_setr_ps(a, 2, a, 0)))
#ifdef __F16C__
UNARY(uint16_t, to_floats_h, r->ps = _mm_cvtph_ps(_mm_setr_epi16(a, 0x3c01, a, 1, 0, 0, 0, 0)))
UNARY(float, to_halves_f, r->w = _mm_cvtps_ph(_mm_setr_ps(a, 1, a, 2), 4))
UNARY(float, to_halves_up_f, r->w = _mm_cvtps_ph(_mm_setr_ps(a, 1, a, 2), 2))
#endif
#ifdef __AVX__
BINARY(double, compare_true_us_d, r->pd = _mm_cmp_pd(PAIR, _mm_setr_pd(b, a), _CMP_TRUE_US))
BINARY(double, compare_nge_uq_d, r->pd = _mm_cmp_pd(PAIR, _mm_setr_pd(b, a), _CMP_NGE_UQ))
#endif
#ifdef __FMA__
BINARY(double, fmaddsub_d, r->pd = _mm_fmaddsub_pd(PAIR, PAIR, _mm_setr_pd(b, a)))
#endif

/* What the compiler makes of loops: as many lanes as the processor has. */
enum { LOOP = 64 };
static double column_d[LOOP];
static float column_f[LOOP];
BINARY(double, loop_d, for (int k = 0; k < LOOP; k++) column_d[k] = (a + k) * b + (k & 1 ? a : b) / (k + 3);
       double sum = 0; for (int k = 0; k < LOOP; k++) sum = sum * 3 + column_d[k] * column_d[LOOP - 1 - k]; r->d = sum)
BINARY(float, loop_f, for (int k = 0; k < LOOP; k++) column_f[k] = sqrtf(a + k) * b - (float)(int)(k * 0.7f) / (b + k);
       float sum = 0; for (int k = 0; k < LOOP; k++) sum = sum < column_f[k] ? column_f[k] : sum - 1; r->f = sum)

/* Decimal text and back again. */
UNARY(double, text_d, char s[64]; snprintf(s, sizeof s, "%.17g", a); r->d = strtod(s, NULL); snprintf((char *)(r->u + 1), 24, "%.9e", a))
UNARY(float, text_f, char s[64]; snprintf(s, sizeof s, "%a", a); r->f = strtof(s, NULL); snprintf((char *)(r->u + 1), 24, "%.5g", a))
UNARY(long double, text_l, char s[64]; snprintf(s, sizeof s, "%.21Lg", a); r->l = strtold(s, NULL))

#define ALL(s) { "add", add_##s, 2 }, { "sub", sub_##s, 2 }, { "mul", mul_##s, 2 }, { "div", div_##s, 2 }, \
	{ "less", less_##s, 2 }, { "more", more_##s, 2 }, { "compare", compare_##s, 2 }, { "quiet", quiet_##s, 2 }, \
	{ "muladd", muladd_##s, 3 }, { "nmulsub", nmulsub_##s, 3 }, { "to-double", to_double_##s, 1 }, \
	{ "to-float", to_float_##s, 1 }, { "to-extended", to_extended_##s, 1 }, { "to-int16", to_int16_##s, 1 }, \
	{ "to-int32", to_int32_##s, 1 }, { "to-int64", to_int64_##s, 1 }, { "to-uint32", to_uint32_##s, 1 }, \
	{ "to-uint64", to_uint64_##s, 1 }
#define ALL_LIBRARY(s) { "sqrt", sqrt##s##_, 1 }, { "rint", rint##s##_, 1 }, { "nearbyint", nearbyint##s##_, 1 }, \
	{ "lrint", lrint##s##_, 1 }, { "lround", lround##s##_, 1 }, { "floor", floor##s##_, 1 }, { "ceil", ceil##s##_, 1 }, \
	{ "trunc", trunc##s##_, 1 }, { "round", round##s##_, 1 }, { "logb", logb##s##_, 1 }, { "frexp", frexp##s##_, 1 }, \
	{ "scalbn", scalbn##s##_, 1 }, { "fmod", fmod##s##_, 2 }, { "remainder", remainder##s##_, 2 }, \
	{ "fmin", fmin##s##_, 2 }, { "nextafter", nextafter##s##_, 2 }, { "hypot", hypot##s##_, 2 }, { "fma", fma##s##_, 3 }
#define ALL_TRANSCENDENTAL(s) { "sin", sin##s##_, 1 }, { "cos", cos##s##_, 1 }, { "tan", tan##s##_, 1 }, \
	{ "asin", asin##s##_, 1 }, { "atan", atan##s##_, 1 }, { "exp", exp##s##_, 1 }, { "expm1", expm1##s##_, 1 }, \
	{ "log", log##s##_, 1 }, { "log2", log2##s##_, 1 }, { "tanh", tanh##s##_, 1 }, { "cbrt", cbrt##s##_, 1 }, \
	{ "lgamma", lgamma##s##_, 1 }, { "erf", erf##s##_, 1 }, { "pow", pow##s##_, 2 }, { "atan2", atan2##s##_, 2 }

struct row { const char *name; operation *run; int arity; };
static const struct row double_rows[] = {
	ALL(d), ALL_LIBRARY(), ALL_TRANSCENDENTAL(), { "lanes", lanes_d, 2 }, { "least", least_d, 2 }, { "most", most_d, 2 },
	{ "hadd", hadd_d, 2 }, { "addsub", addsub_d, 2 }, { "dot", dot_d, 2 }, { "cmple", cmple_d, 2 }, { "cmpord", cmpord_d, 2 },
	{ "to-int32s", to_int32s_d, 2 }, { "to-floats", to_floats_d, 2 }, { "round-down", round_down_d, 1 },
	{ "round-quiet", round_quiet_d, 1 }, { "loop", loop_d, 2 }, { "text", text_d, 1 },
#ifdef __AVX__
	{ "compare-true-us", compare_true_us_d, 2 }, { "compare-nge-uq", compare_nge_uq_d, 2 },
#endif
#ifdef __FMA__
	{ "fmaddsub", fmaddsub_d, 2 },
#endif
	{ 0 },
};
static const struct row float_rows[] = {
	ALL(f), ALL_LIBRARY(f), ALL_TRANSCENDENTAL(f), { "lanes", lanes_f, 2 }, { "least", least_f, 2 }, { "hsub", hsub_f, 2 },
	{ "dot", dot_f, 2 }, { "cmpnlt", cmpnlt_f, 2 }, { "to-int32s", to_int32s_f, 2 }, { "cut-int32s", cut_int32s_f, 2 },
	{ "to-doubles", to_doubles_f, 2 }, { "square-root", square_root_f, 1 }, { "loop", loop_f, 2 }, { "text", text_f, 1 },
#ifdef __F16C__
	{ "to-halves", to_halves_f, 1 }, { "to-halves-up", to_halves_up_f, 1 },
#endif
	{ 0 },
};
static const struct row extended_rows[] = { ALL(l), ALL_LIBRARY(l), { "text", text_l, 1 }, { 0 } };
static const struct row integer_rows[] = {
	{ "int32-double", from_int32_d, 1 }, { "int64-double", from_int64_d, 1 }, { "uint64-double", from_uint64_d, 1 },
	{ "int32-float", from_int32_f, 1 }, { "int64-float", from_int64_f, 1 }, { "uint64-float", from_uint64_f, 1 },
	{ "int16-extended", from_int16_l, 1 }, { "int64-extended", from_int64_l, 1 }, { "uint64-extended", from_uint64_l, 1 }, { 0 },
};
static const struct row half_rows[] = {
#ifdef __F16C__
	{ "to-floats", to_floats_h, 1 },
#endif
	{ 0 },
};

static const struct family {
	const char *name;
	const struct row *rows;
	const void *operands;
	size_t count, size;
} families[] = {
	{ "double", double_rows, doubles, sizeof doubles / 8, 8 },
	{ "float", float_rows, floats, sizeof floats / 4, 4 },
	{ "extended", extended_rows, extended, EXTENDEDS, sizeof *extended },
	{ "integer", integer_rows, integers, sizeof integers / 8, 8 },
	{ "half", half_rows, halves, sizeof halves / 2, 2 },
};

/* The control words of both units, all exceptions masked unless told otherwise. */
struct mode { unsigned mxcsr; unsigned short cw; };
enum { DAZ = 0x40, MASKS = 0x1f80, FTZ = 0x8000 };

static void set_mode(struct mode m)
{
	unsigned short cw = m.cw;
	__asm__ volatile("fnclex; fldcw %0" : : "m"(cw) : "memory");
	_mm_setcsr(m.mxcsr);
}

/* The flags that were raised since set_mode(), of both units. */
static unsigned flags(void)
{
	unsigned short status;
	__asm__ volatile("fnstsw %0" : "=a"(status) : : "memory");
	return (_mm_getcsr() & 0x3f) << 16 | status;
}

static const char *chosen_operation, *chosen_mode;
static unsigned share = 1, turn;
static volatile sig_atomic_t code;
static sigjmp_buf out;
static uint64_t hash;

static void mix(uint64_t x)
{
	hash = (hash ^ x) * 0x9e3779b97f4a7c15u;
	hash ^= hash >> 29;
}

static void trapped(int sig, siginfo_t *info, void *context)
{
	const struct _libc_fpstate *state = ((ucontext_t *)context)->uc_mcontext.fpregs;
	mix(sig);
	mix((uintptr_t)info->si_addr);
	mix((uint64_t)state->mxcsr << 32 | state->swd << 16 | state->cwd);
	code = info->si_code;
	siglongjmp(out, 1);
}

static void run_case(const struct row *row, struct mode mode, const char *const operand[3])
{
	result r;
	memset(&r, 0, sizeof r);
	code = 0;
	volatile unsigned raised = 0;
	if (!sigsetjmp(out, 0)) {
		set_mode(mode);
		row->run(operand[0], operand[1], operand[2], &r);
		raised = flags();
		__asm__ volatile("fwait");
	}
	__asm__ volatile("fninit");
	_mm_setcsr(MASKS);
	/* Of a long double in memory only ten bytes are written. */
	for (int k = 0; k < 4; k++)
		mix(r.u[k]);
	mix(raised);
	mix(code);
	if (chosen_operation)
		printf("%016lx %016lx %016lx %016lx flags %06x code %d\n", r.u[0], r.u[1], r.u[2], r.u[3], raised, code);
}

static void run_row(const struct family *family, const struct row *row, struct mode mode, const char *mode_name)
{
	char name[64];
	snprintf(name, sizeof name, "%s.%s", row->name, family->name);
	if (chosen_operation && (strcmp(name, chosen_operation) || strcmp(mode_name, chosen_mode)))
		return;
	const char *operands = family->operands;
	/* Of three operands only some, so that there are not too many. */
	const size_t n = family->count, step = row->arity == 3 ? 4 : 1;
	hash = 0;
	for (size_t i = 0; i < n; i += step)
		for (size_t j = 0; j < (row->arity > 1 ? n : 1); j += step)
			for (size_t k = 0; k < (row->arity > 2 ? n : 1); k += 5) {
				if (turn++ % share)
					continue;
				const char *const operand[3] = { operands + i * family->size, operands + j * family->size,
								 operands + k * family->size };
				if (chosen_operation)
					printf("%zu %zu %zu: ", i, j, k);
				run_case(row, mode, operand);
			}
	printf("%-24s %-14s %016lx\n", name, mode_name, hash);
}

static const char *const roundings[] = { "nearest", "down", "up", "zero" };

/* SSE: rounding, DAZ, FTZ. x87: rounding, precision. */
static void run_modes(const struct family *family, const struct row *row)
{
	static const struct { const char *name; unsigned bits; } denormals[] = {
		{ "", 0 }, { "-daz", DAZ }, { "-ftz", FTZ }, { "-daz-ftz", DAZ | FTZ },
	};
	static const struct { const char *name; unsigned bits; } precisions[] = { { "", 0x300 }, { "-53", 0x200 }, { "-24", 0 } };
	const int x87 = !strcmp(family->name, "extended");
	for (unsigned rounding = 0; rounding < 4; rounding++)
		for (unsigned k = 0; k < (x87 ? 3 : 4); k++) {
			char name[32];
			snprintf(name, sizeof name, "%s%s", roundings[rounding], x87 ? precisions[k].name : denormals[k].name);
			const struct mode mode = { MASKS | rounding << 13 | (x87 ? 0 : denormals[k].bits),
						   0x3f | rounding << 10 | (x87 ? precisions[k].bits : 0x300) };
			run_row(family, row, mode, name);
		}
}

int main(int argc, char **argv)
{
	const struct sigaction action = { .sa_sigaction = trapped, .sa_flags = SA_SIGINFO | SA_NODEFER };
	sigaction(SIGFPE, &action, NULL);
	if (argc > 1)
		share = strtoul(argv[1], NULL, 10);
	if (argc > 3)
		chosen_operation = argv[2], chosen_mode = argv[3];
	for (size_t k = 0; k < EXTENDEDS; k++) {
		memcpy((char *)(extended + k), &extendeds[k].significand, 8);
		memcpy((char *)(extended + k) + 8, &extendeds[k].top, 2);
	}
	for (size_t f = 0; f < sizeof families / sizeof *families; f++)
		for (const struct row *row = families[f].rows; row->name; row++) {
			run_modes(&families[f], row);
			/* Exceptions that trap: all, and all but those of ordinary arithmetic. The first four operations will do. */
			if (row - families[f].rows < 4) {
				run_row(&families[f], row, (struct mode){ 0, 0x340 }, "trapping");
				run_row(&families[f], row, (struct mode){ 0x1000, 0x360 }, "trapping-but-pe");
			}
		}
	return 0;
}
