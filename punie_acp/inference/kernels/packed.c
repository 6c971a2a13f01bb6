/* y = x Wᵀ with W quantised as MLX's affine mode keeps it: scale · q + bias for each group.

   Decoding a token reads every weight once, so at best its speed is that of the memory; a prompt of many tokens is bound
   by arithmetic. Both gain from products of bytes, of which an instruction makes 32. So x is rounded to bytes, each 32
   values with a scale of their own, and what W's integers and x's sum up to is exact until the scales are applied. The
   rounding is the only loss, about as large as that of weights in 8 bits. Each number of y is summed in one order,
   however many rows of x there are: a prompt computed in pieces gives the same bits.

   AVX2, FMA and F16C: every x86-64 processor since 2015; what AVX-512 adds is used where the compiler may. Groups are
   multiples of 32 weights; their quants are a stream of bits, the first in the lowest: in 4 bits the even ones are in
   the low halves of the bytes.
*/
#include "packed.h"

#define CHUNK 32               /* values of x that share a scale */
#define SPAN 8                 /* chunks whose scales are applied at a time */
#define BLOCK 4                /* rows of x at a time */
#define LINE 64                /* bytes that memory gives at once, */
#define AHEAD 1024             /* and how far before they are needed it is asked for them */
#define TILE_ROWS 64           /* rows of W that a thread takes at a time, */
#define TILE_BYTES (128 << 10) /* and their bytes, which are to stay in its cache for all rows of x */

/* x in bytes. A row has `stride` values and stride / 32 scales and sums (of the values, scaled), zeros at its end. For
   4 bits the even values of two chunks stand before the odd ones, as the halves of W's bytes want them. */
struct rounded {
    int8_t *values;
    float *scales, *sums;
    int stride;
};

INLINE float largest(__m256 v) {
    __m128 four = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

/* 32 values as bytes, their scale, and their sum. */
static __m256i round_chunk(const float *x, float *scale, float *total) {
    const __m256 sign = _mm256_set1_ps(-0.0f);
    __m256 top = _mm256_setzero_ps(), part[4];
    for (int i = 0; i < 4; i++) {
        part[i] = _mm256_loadu_ps(x + 8 * i);
        top = _mm256_max_ps(top, _mm256_andnot_ps(sign, part[i]));
    }
    float most = largest(top);
    *scale = most / 127;
    __m256 inverse = _mm256_set1_ps(most > 0 ? 127 / most : 0);
    __m256i whole[4];
    for (int i = 0; i < 4; i++) whole[i] = _mm256_cvtps_epi32(_mm256_mul_ps(part[i], inverse));
    __m256i all = _mm256_add_epi32(_mm256_add_epi32(whole[0], whole[1]), _mm256_add_epi32(whole[2], whole[3]));
    *total = *scale * sum(_mm256_cvtepi32_ps(all));
    __m256i first = _mm256_packs_epi32(whole[0], whole[1]), second = _mm256_packs_epi32(whole[2], whole[3]);
    return _mm256_permutevar8x32_epi32(_mm256_packs_epi16(first, second), _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}

/* The even bytes in the low half, the odd ones in the high half. */
INLINE __m256i split(__m256i bytes) {
    const __m256i order = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15));
    return _mm256_permute4x64_epi64(_mm256_shuffle_epi8(bytes, order), 0xd8);
}

static void round_row(const float *x, int columns, int bits, int8_t *values, float *scales, float *sums) {
    for (int chunk = 0; chunk < columns / CHUNK; chunk++) {
        __m256i bytes = round_chunk(x + CHUNK * chunk, scales + chunk, sums + chunk);
        if (bits != 4) {
            _mm256_storeu_si256((__m256i *)(values + CHUNK * chunk), bytes);
            continue;
        }
        bytes = split(bytes);
        __m128i *into = (__m128i *)(values + 2 * CHUNK * (chunk / 2)) + chunk % 2;
        _mm_storeu_si128(into, _mm256_castsi256_si128(bytes));
        _mm_storeu_si128(into + 2, _mm256_extracti128_si256(bytes, 1));
    }
}

/* `count` halves, at most eight, and zeros. Nothing beyond them is read. */
INLINE __m128i some_halves(const uint16_t *halves, int count) {
    if (count >= SPAN) return _mm_loadu_si128((const __m128i *)halves);
    if (count > 4) {
        __m128i last = _mm_loadl_epi64((const __m128i *)(halves + count - 4));
        last = _mm_srl_epi64(last, _mm_cvtsi32_si128(16 * (8 - count)));
        return _mm_unpacklo_epi64(_mm_loadl_epi64((const __m128i *)halves), last);
    }
    if (count == 4) return _mm_loadl_epi64((const __m128i *)halves);
    uint64_t all = halves[0];
    for (int i = 1; i < count; i++) all |= (uint64_t)halves[i] << 16 * i;
    return _mm_cvtsi64_si128(all);
}

/* What eight chunks are multiplied by, the last ones by zero where only `left` are left. `size`: chunks of a group. */
INLINE __m256 factors(const uint16_t *halves, int chunk, int left, int size) {
    if (size == 1) return _mm256_cvtph_ps(some_halves(halves + chunk, left));
    if (size == 2) {
        __m256 four = _mm256_cvtph_ps(some_halves(halves + chunk / 2, left < SPAN ? (left + 1) / 2 : 4));
        return _mm256_permutevar8x32_ps(four, _mm256_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3));
    }
    float each[SPAN] = {0};
    for (int i = 0; i < SPAN && i < left; i++) each[i] = _cvtsh_ss(halves[(chunk + i) / size]);
    return _mm256_loadu_ps(each);
}

INLINE __m256i load(const void *from) { return _mm256_loadu_si256((const __m256i *)from); }

#if defined(__AVX512VNNI__) && defined(__AVX512VL__)
#define LESS 0 /* what `products` takes from quants of 8 bits */

/* Sums of four products of an unsigned and a signed byte each. */
INLINE __m256i fours(__m256i q, __m256i x) { return _mm256_dpbusd_epi32(_mm256_setzero_si256(), q, x); }

INLINE __m256i fours_of_two(__m256i q, __m256i x, __m256i p, __m256i y) { return _mm256_dpbusd_epi32(fours(q, x), p, y); }

INLINE __m256i fours8(__m256i q, __m256i x) { return fours(q, x); }
#else
#define LESS 128

INLINE __m256i fours(__m256i q, __m256i x) { return _mm256_madd_epi16(_mm256_maddubs_epi16(q, x), _mm256_set1_epi16(1)); }

INLINE __m256i fours_of_two(__m256i q, __m256i x, __m256i p, __m256i y) {
    __m256i pairs = _mm256_add_epi16(_mm256_maddubs_epi16(q, x), _mm256_maddubs_epi16(p, y));
    return _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
}

/* |q| · ±x, so that no sum of two is more than 16 bits hold. */
INLINE __m256i fours8(__m256i q, __m256i x) {
    __m256i less = _mm256_xor_si256(q, _mm256_set1_epi8(-LESS));
    return fours(_mm256_abs_epi8(less), _mm256_sign_epi8(x, less));
}
#endif

#if defined(__AVX512VBMI__) && defined(__AVX512VL__)
/* 32 quants of 5 bits, 20 bytes, as bytes: eight from each five. */
INLINE __m256i unpack5(const uint8_t *q, int left) {
    const __m256i fives = _mm256_setr_epi8(0, 1, 2, 3, 4, 0, 0, 0, 5, 6, 7, 8, 9, 0, 0, 0, 10, 11, 12, 13, 14, 0, 0, 0, 15, 16,
                                           17, 18, 19, 0, 0, 0);
    const __m256i from = _mm256_set1_epi64x(0x231e19140f0a0500);
    __m256i spread = _mm256_permutexvar_epi8(fives, left > 1 ? load(q) : _mm256_maskz_loadu_epi32(0x1f, q));
    return _mm256_and_si256(_mm256_multishift_epi64_epi8(from, spread), _mm256_set1_epi8(31));
}
#else
/* 32 quants of 5 bits, 20 bytes, as bytes: two lie within two bytes always, and are moved to their upper end. */
INLINE __m256i unpack5(const uint8_t *q, int left) {
    const __m256i twos = _mm256_setr_epi8(0, 1, 1, 2, 2, 3, 3, 4, 5, 6, 6, 7, 7, 8, 8, 9, 6, 7, 7, 8, 8, 9, 9, 10, 11, 12, 12, 13,
                                          13, 14, 14, 15);
    const __m256i upwards = _mm256_set1_epi64x(0x0001000400100040);
    __m256i halves = _mm256_set_m128i(_mm_loadu_si128((const __m128i *)(q + 4)), _mm_loadu_si128((const __m128i *)q));
    __m256i pairs = _mm256_mullo_epi16(_mm256_shuffle_epi8(halves, twos), upwards);
    __m256i even = _mm256_and_si256(_mm256_srli_epi16(pairs, 6), _mm256_set1_epi16(31));
    return _mm256_or_si256(even, _mm256_and_si256(_mm256_srli_epi16(pairs, 3), _mm256_set1_epi16(31 << 8)));
}
#endif

/* The quants at q, as bytes but for those of 4 bits: of a chunk, in 4 bits of two, or of the one that is left. */
INLINE __m256i quants(const uint8_t *q, int bits, int left) {
    if (bits == 5) return unpack5(q, left);
    return bits == 4 && left < 2 ? _mm256_zextsi128_si256(_mm_loadu_si128((const __m128i *)q)) : load(q);
}

/* Eight sums of products of a chunk; in 4 bits four for each of two. */
INLINE __m256i products(__m256i q, const int8_t *x, int bits) {
    if (bits != 4) return bits == 8 ? fours8(q, load(x)) : fours(q, load(x));
    const __m256i low = _mm256_set1_epi8(15);
    return fours_of_two(_mm256_and_si256(q, low), load(x), _mm256_and_si256(_mm256_srli_epi16(q, 4), low), load(x + CHUNK));
}

/* What each of eight chunks from i on is multiplied by: in 4 bits two of them, else the one. */
INLINE __m256 spread(const float *factor, int i, int bits) {
    if (bits != 4) return _mm256_set1_ps(factor[i]);
    return _mm256_permutevar8x32_ps(_mm256_loadu_ps(factor), _mm256_setr_epi32(i, i, i, i, i + 1, i + 1, i + 1, i + 1));
}

/* Up to eight chunks of a row of W times `count` rows of x, added to `total`: in pairs, which need not wait for `total`. */
INLINE void span(const uint8_t *q, const uint16_t *scales, const uint16_t *biases, int size, const struct rounded *x, int row,
                 int chunk, int left, int bits, int count, __m256 *total) {
    float factor[BLOCK][SPAN];
    int chunks = x->stride / CHUNK;
    __m256 scale = factors(scales, chunk, left, size);
    __m256 bias = biases ? factors(biases, chunk, left, size) : _mm256_mul_ps(scale, _mm256_set1_ps(-(1 << (bits - 1))));
    if (bits == 8) bias = _mm256_fmadd_ps(scale, _mm256_set1_ps(LESS), bias);
    for (int n = 0; n < count; n++) {
        size_t at = (size_t)(row + n) * chunks + chunk;
        _mm256_storeu_ps(factor[n], _mm256_mul_ps(scale, _mm256_loadu_ps(x->scales + at)));
        total[n] = _mm256_fmadd_ps(bias, _mm256_loadu_ps(x->sums + at), total[n]);
    }
    for (int at = 0; count == 1 && at < SPAN * CHUNK * bits / 8; at += LINE)
        _mm_prefetch((const char *)q + AHEAD + at, _MM_HINT_T0);
    const int8_t *values = x->values + (size_t)row * x->stride + (size_t)CHUNK * chunk;
    int step = bits == 4 ? 2 : 1; /* chunks */
    for (int i = 0; i < SPAN && i < left; i += 2 * step) {
        int two = i + step < left;
        __m256i first = quants(q + CHUNK * bits / 8 * i, bits, left - i);
        __m256i second = two ? quants(q + CHUNK * bits / 8 * (i + step), bits, left - i - step) : first;
        for (int n = 0; n < count; n++) {
            const int8_t *with = values + (size_t)n * x->stride + CHUNK * i;
            __m256 made = _mm256_mul_ps(_mm256_cvtepi32_ps(products(first, with, bits)), spread(factor[n], i, bits));
            if (two)
                made = _mm256_fmadd_ps(_mm256_cvtepi32_ps(products(second, with + CHUNK * step, bits)),
                                       spread(factor[n], i + step, bits), made);
            total[n] = _mm256_add_ps(total[n], made);
        }
    }
}

/* One row of W times `count` rows of x. */
INLINE void dots(const struct weights *w, const struct rounded *x, float *y, int row, int n, int bits, int size, int count) {
    __m256 total[BLOCK];
    int chunks = w->columns / CHUNK, whole = chunks - chunks % SPAN;
    size_t groups = w->columns / w->group_size;
    const uint8_t *q = w->quants + (size_t)row * w->columns * bits / 8;
    const uint16_t *scales = w->scales + row * groups, *biases = w->biases ? w->biases + row * groups : NULL;
    for (int i = 0; i < count; i++) total[i] = _mm256_setzero_ps();
    for (int chunk = 0; chunk < whole; chunk += SPAN, q += SPAN * CHUNK * bits / 8)
        span(q, scales, biases, size, x, n, chunk, SPAN, bits, count, total);
    if (chunks > whole) span(q, scales, biases, size, x, n, whole, chunks - whole, bits, count, total);
    for (int i = 0; i < count; i++) y[(size_t)(n + i) * w->rows + row] = sum(total[i]);
}

/* Rows `first` to `last` of W times all rows of x. */
INLINE void tile(const struct weights *w, const struct rounded *x, float *y, int first, int last, int batch, int bits, int size) {
    int n = 0;
    for (; n + BLOCK <= batch; n += BLOCK)
        for (int row = first; row < last; row++) dots(w, x, y, row, n, bits, size, BLOCK);
    for (; n < batch; n++)
        for (int row = first; row < last; row++) dots(w, x, y, row, n, bits, size, 1);
}

static void any_tile(const struct weights *w, const struct rounded *x, float *y, int first, int last, int batch) {
    int size = w->group_size / CHUNK;
    if (w->bits == 4 && size == 1) tile(w, x, y, first, last, batch, 4, 1);
    else if (w->bits == 4 && size == 2) tile(w, x, y, first, last, batch, 4, 2);
    else if (w->bits == 4) tile(w, x, y, first, last, batch, 4, size);
    else if (w->bits == 5 && size == 1) tile(w, x, y, first, last, batch, 5, 1);
    else if (w->bits == 5) tile(w, x, y, first, last, batch, 5, size);
    else if (size == 1) tile(w, x, y, first, last, batch, 8, 1);
    else if (size == 2) tile(w, x, y, first, last, batch, 8, 2);
    else tile(w, x, y, first, last, batch, 8, size);
}

/* Of W, that a thread takes at a time. */
static int tile_rows(const struct weights *w) {
    int rows = TILE_BYTES / (w->columns * w->bits / 8);
    return rows > TILE_ROWS ? TILE_ROWS : rows < BLOCK ? BLOCK : rows;
}

static int tiles(const struct weights *w) { return (w->rows + tile_rows(w) - 1) / tile_rows(w); }

/* The tile of that number, of all that the products have. */
static void one_tile(const struct product *p, const struct rounded *x, int number, int batch) {
    for (; number >= tiles(p->w); p++) number -= tiles(p->w);
    int rows = tile_rows(p->w), first = number * rows;
    any_tile(p->w, x + (p->w->bits == 4), p->y, first, first + rows < p->w->rows ? first + rows : p->w->rows, batch);
}

/* x in bytes for weights of so many bits; its values are NULL where there is no memory. */
static struct rounded round_rows(const float *x, int columns, int batch, int bits, int threads) {
    int stride = (columns + SPAN * CHUNK - 1) / (SPAN * CHUNK) * SPAN * CHUNK, chunks = stride / CHUNK;
    struct rounded in = {.stride = stride, .values = calloc(batch, stride + 2 * chunks * sizeof(float))};
    if (in.values == NULL) return in;
    in.scales = (float *)(in.values + (size_t)batch * stride);
    in.sums = in.scales + (size_t)batch * chunks;
#pragma omp parallel for schedule(static) num_threads(threads) if (batch > 1)
    for (int n = 0; n < batch; n++)
        round_row(x + (size_t)n * columns, columns, bits, in.values + (size_t)n * stride, in.scales + (size_t)n * chunks,
                  in.sums + (size_t)n * chunks);
    return in;
}

int punie_products(const struct product *products, int count, const float *x, int batch, int threads) {
    struct rounded in[2] = {{0}, {0}}; /* as 5 and 8 bits want it, and as 4 do */
    int all = 0, failed = 0;
    for (const struct product *p = products; p < products + count; p++) {
        struct rounded *as = in + (p->w->bits == 4);
        if (as->values == NULL) *as = round_rows(x, p->w->columns, batch, p->w->bits, threads);
        failed |= as->values == NULL;
        all += tiles(p->w);
    }
    if (!failed) {
#pragma omp parallel for schedule(dynamic) num_threads(threads)
        for (int number = 0; number < all; number++) one_tile(products, in, number, batch);
    }
    free(in[0].values);
    free(in[1].values);
    return failed ? -1 : 0;
}

int punie_matmul(const struct weights *w, const float *x, float *y, int batch, int threads) {
    return punie_products(&(struct product){w, y}, 1, x, batch, threads);
}

/* gate = silu(gate) · up, eight at a time. */
static void activate(float *gate, const float *up, size_t eights, int threads) {
    const __m256 one = _mm256_set1_ps(1), sign = _mm256_set1_ps(-0.0f);
#pragma omp parallel for schedule(static) num_threads(threads) if (eights > 1 << 12)
    for (size_t i = 0; i < eights; i++) {
        __m256 x = _mm256_loadu_ps(gate + 8 * i), less = exponential(_mm256_xor_ps(x, sign));
        __m256 silu = _mm256_div_ps(x, _mm256_add_ps(one, less));
        _mm256_storeu_ps(gate + 8 * i, _mm256_mul_ps(silu, _mm256_loadu_ps(up + 8 * i)));
    }
}

int punie_feed_forward(const struct weights *gate, const struct weights *up, const struct weights *down, const float *x,
                       float *y, int batch, int threads) {
    size_t eights = ((size_t)batch * gate->rows + 7) / 8;
    float *inner = calloc(2 * eights, 8 * sizeof(float)), *other = inner + 8 * eights;
    struct product both[] = {{gate, inner}, {up, other}};
    int failed = inner == NULL || punie_products(both, 2, x, batch, threads);
    if (!failed) {
        activate(inner, other, eights, threads);
        failed = punie_matmul(down, inner, y, batch, threads);
    }
    free(inner);
    return failed ? -1 : 0;
}
