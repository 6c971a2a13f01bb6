/* y = x Wᵀ with W quantised as MLX's affine mode keeps it: scale · q + bias for each group.

   Decoding a token reads every weight once, so at best its speed is that of the memory; a prompt of many tokens is bound
   by arithmetic. Both gain from products of bytes, of which an instruction makes 32. So x is rounded to bytes, each 32
   values with a scale of their own, and what W's integers and x's sum up to is exact until the scales are applied. The
   rounding is the only loss, about as large as that of weights in 8 bits. Each number of y is summed in one order,
   however many rows of x there are: a prompt computed in pieces gives the same bits.

   AVX2, FMA and F16C: every x86-64 processor since 2015. Groups are multiples of 32 weights; the quants of a group are
   contiguous bytes, in 4 bits the even ones in the low halves.
*/
#include "packed.h"

#define CHUNK 32               /* values of x that share a scale */
#define SPAN 8                 /* chunks whose scales are applied at a time */
#define BLOCK 4                /* rows of x at a time */
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
        if (bits == 8) {
            _mm256_storeu_si256((__m256i *)(values + CHUNK * chunk), bytes);
            continue;
        }
        bytes = split(bytes);
        __m128i *into = (__m128i *)(values + 2 * CHUNK * (chunk / 2)) + chunk % 2;
        _mm_storeu_si128(into, _mm256_castsi256_si128(bytes));
        _mm_storeu_si128(into + 2, _mm256_extracti128_si256(bytes, 1));
    }
}

/* What eight chunks are multiplied by, the last ones by zero where only `left` are left. `size`: chunks of a group. */
INLINE __m256 factors(const uint16_t *halves, int chunk, int left, int size) {
    if (left >= SPAN && size == 1) return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(halves + chunk)));
    if (left >= SPAN && size == 2) {
        __m256 four = _mm256_castps128_ps256(_mm_cvtph_ps(_mm_loadl_epi64((const __m128i *)(halves + chunk / 2))));
        return _mm256_permutevar8x32_ps(four, _mm256_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3));
    }
    float each[SPAN] = {0};
    for (int i = 0; i < SPAN && i < left; i++) each[i] = _cvtsh_ss(halves[(chunk + i) / size]);
    return _mm256_loadu_ps(each);
}

/* Four sums of products for each of two chunks in 4 bits. */
INLINE __m256i products4(__m256i q, const int8_t *x) {
    const __m256i low = _mm256_set1_epi8(15);
    __m256i even = _mm256_and_si256(q, low), odd = _mm256_and_si256(_mm256_srli_epi16(q, 4), low);
    __m256i pairs = _mm256_add_epi16(_mm256_maddubs_epi16(even, _mm256_loadu_si256((const __m256i *)x)),
                                     _mm256_maddubs_epi16(odd, _mm256_loadu_si256((const __m256i *)(x + CHUNK))));
    return _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
}

/* Eight sums of products of a chunk in 8 bits, less 128: |q| · ±x, for one factor of a product must be unsigned. */
INLINE __m256i products8(__m256i q, const int8_t *x) {
    __m256i less = _mm256_xor_si256(q, _mm256_set1_epi8(-128));
    __m256i values = _mm256_sign_epi8(_mm256_loadu_si256((const __m256i *)x), less);
    return _mm256_madd_epi16(_mm256_maddubs_epi16(_mm256_abs_epi8(less), values), _mm256_set1_epi16(1));
}

/* Up to eight chunks of a row of W times `count` rows of x, added to `total`. */
INLINE void span(const uint8_t *q, __m256 scale, __m256 bias, const struct rounded *x, int row, int chunk, int left, int bits,
                 int count, __m256 *total) {
    float factor[BLOCK][SPAN];
    int chunks = x->stride / CHUNK;
    if (bits == 8) bias = _mm256_fmadd_ps(scale, _mm256_set1_ps(128), bias);
    for (int n = 0; n < count; n++) {
        size_t at = (size_t)(row + n) * chunks + chunk;
        _mm256_storeu_ps(factor[n], _mm256_mul_ps(scale, _mm256_loadu_ps(x->scales + at)));
        total[n] = _mm256_fmadd_ps(bias, _mm256_loadu_ps(x->sums + at), total[n]);
    }
    const int8_t *values = x->values + (size_t)row * x->stride + (size_t)CHUNK * chunk;
    int step = bits == 4 ? 2 : 1; /* chunks */
    for (int i = 0; i < SPAN && i < left; i += step, values += step * CHUNK, q += CHUNK) {
        __m256i bytes = bits == 4 && i + 1 >= left ? _mm256_zextsi128_si256(_mm_loadu_si128((const __m128i *)q))
                                                   : _mm256_loadu_si256((const __m256i *)q);
        for (int n = 0; n < count; n++) {
            const int8_t *with = values + (size_t)n * x->stride;
            __m256 sums = _mm256_cvtepi32_ps(bits == 4 ? products4(bytes, with) : products8(bytes, with));
            __m256 by = bits == 4 ? _mm256_set_m128(_mm_broadcast_ss(&factor[n][i + 1]), _mm_broadcast_ss(&factor[n][i]))
                                  : _mm256_broadcast_ss(&factor[n][i]);
            total[n] = _mm256_fmadd_ps(sums, by, total[n]);
        }
    }
}

/* One row of W times `count` rows of x. */
INLINE void dots(const struct weights *w, const struct rounded *x, float *y, int row, int n, int bits, int size, int count) {
    __m256 total[BLOCK];
    int chunks = w->columns / CHUNK, whole = chunks - chunks % SPAN;
    size_t groups = w->columns / w->group_size;
    const uint8_t *q = w->quants + (size_t)row * w->columns * bits / 8;
    const uint16_t *scales = w->scales + row * groups, *biases = w->biases + row * groups;
    for (int i = 0; i < count; i++) total[i] = _mm256_setzero_ps();
    for (int chunk = 0; chunk < whole; chunk += SPAN, q += SPAN * CHUNK * bits / 8)
        span(q, factors(scales, chunk, SPAN, size), factors(biases, chunk, SPAN, size), x, n, chunk, SPAN, bits, count, total);
    int left = chunks - whole;
    if (left)
        span(q, factors(scales, whole, left, size), factors(biases, whole, left, size), x, n, whole, left, bits, count, total);
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
    else if (size == 1) tile(w, x, y, first, last, batch, 8, 1);
    else if (size == 2) tile(w, x, y, first, last, batch, 8, 2);
    else tile(w, x, y, first, last, batch, 8, size);
}

static int multiply(const struct weights *w, const float *x, float *y, int batch, int threads) {
    int stride = (w->columns + SPAN * CHUNK - 1) / (SPAN * CHUNK) * SPAN * CHUNK, chunks = stride / CHUNK;
    struct rounded in = {.stride = stride};
    in.values = calloc(batch, stride + 2 * chunks * sizeof(float));
    if (in.values == NULL) return -1;
    in.scales = (float *)(in.values + (size_t)batch * stride);
    in.sums = in.scales + (size_t)batch * chunks;
    int bytes = w->columns * w->bits / 8, rows = TILE_BYTES / bytes < TILE_ROWS ? TILE_BYTES / bytes : TILE_ROWS;
    if (rows < BLOCK) rows = BLOCK;
#pragma omp parallel num_threads(threads)
    {
#pragma omp for schedule(static)
        for (int n = 0; n < batch; n++)
            round_row(x + (size_t)n * w->columns, w->columns, w->bits, in.values + (size_t)n * stride,
                      in.scales + (size_t)n * chunks, in.sums + (size_t)n * chunks);
#pragma omp for schedule(dynamic)
        for (int first = 0; first < w->rows; first += rows)
            any_tile(w, &in, y, first, first + rows < w->rows ? first + rows : w->rows, batch);
    }
    free(in.values);
    return 0;
}

/* gate = silu(gate) · up, eight at a time. */
static void activate(float *gate, const float *up, size_t eights, int threads) {
    const __m256 one = _mm256_set1_ps(1), sign = _mm256_set1_ps(-0.0f);
#pragma omp parallel for schedule(static) num_threads(threads)
    for (size_t i = 0; i < eights; i++) {
        __m256 x = _mm256_loadu_ps(gate + 8 * i), less = exponential(_mm256_xor_ps(x, sign));
        __m256 silu = _mm256_div_ps(x, _mm256_add_ps(one, less));
        _mm256_storeu_ps(gate + 8 * i, _mm256_mul_ps(silu, _mm256_loadu_ps(up + 8 * i)));
    }
}

int punie_matmul(const struct weights *w, const float *x, float *y, int batch, int threads) {
    return multiply(w, x, y, batch, threads);
}

int punie_feed_forward(const struct weights *gate, const struct weights *up, const struct weights *down, const float *x,
                       float *y, int batch, int threads) {
    size_t eights = ((size_t)batch * gate->rows + 7) / 8;
    float *inner = calloc(2 * eights, 8 * sizeof(float)), *other = inner + 8 * eights;
    int failed = inner == NULL || multiply(gate, x, inner, batch, threads) || multiply(up, x, other, batch, threads);
    if (!failed) {
        activate(inner, other, eights, threads);
        failed = multiply(down, inner, y, batch, threads);
    }
    free(inner);
    return failed ? -1 : 0;
}
