/* y = x Wᵀ with W quantised as MLX's affine mode keeps it: scale · q + bias for each group.

   Decoding one token reads every weight once, so its speed is that of the memory. Read as they are stored, 4-bit weights
   are an eighth of their float32 selves; `matvec` widens them in registers. A prompt of many tokens is bound by
   arithmetic, which a BLAS does best: `matmul` writes some rows of W out as float32, few enough to stay in the cache, and
   has the BLAS multiply by those. All products and sums are float32, so nothing is rounded that the float32 weights
   would not round too.

   AVX2 and FMA: every x86-64 processor since 2015. Groups are multiples of 32 weights; the quants of a group are
   contiguous bytes, in 4 bits the even ones in the low halves.
*/
#include <immintrin.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))
#define CHUNK 32 /* weights that one step takes */
#define ROWS 64  /* rows that a thread takes at a time: few enough that one which is held up holds nobody up */
#define BLOCK 4  /* rows of x at a time */
#define TILE (1 << 20) /* weights that are float32 at a time: 4 MB */

INLINE __m256 floats(__m256i integers) { return _mm256_cvtepi32_ps(integers); }
INLINE __m256i bytes(const uint8_t *from) { return _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)from)); }

INLINE float sum(__m256 v) {
    __m128 four = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

/* 32 weights as integers in float32, eight to a vector; in 4 bits the 16 even ones, then the 16 odd ones. */
INLINE void unpack(const uint8_t *q, int bits, __m256 into[4]) {
    if (bits == 8) {
        for (int i = 0; i < 4; i++) into[i] = floats(bytes(q + 8 * i));
        return;
    }
    const __m256i low = _mm256_set1_epi32(15);
    __m256i first = bytes(q), second = bytes(q + 8);
    into[0] = floats(_mm256_and_si256(first, low));
    into[1] = floats(_mm256_and_si256(second, low));
    into[2] = floats(_mm256_srli_epi32(first, 4));
    into[3] = floats(_mm256_srli_epi32(second, 4));
}

/* One row of W times `count` rows of x, which are `columns` apart. `sums` are those of x over each group; y has the
   stride `rows`. The integers are unpacked once for all rows of x. */
INLINE void dots(const uint8_t *q, const float *scales, const float *biases, const float *x, const float *sums, float *y,
                 int groups, int chunks, int bits, int count, int columns, int rows) {
    __m256 total[BLOCK], part[BLOCK], weights[4];
    float offset[BLOCK];
    for (int n = 0; n < count; n++) total[n] = _mm256_setzero_ps(), offset[n] = 0;
    for (int group = 0; group < groups; group++) {
        for (int n = 0; n < count; n++) part[n] = _mm256_setzero_ps();
        for (int i = 0; i < chunks; i++, q += CHUNK * bits / 8, x += CHUNK) {
            unpack(q, bits, weights);
            for (int n = 0; n < count; n++) {
                const float *values = x + (size_t)n * columns;
                __m256 other = _mm256_mul_ps(weights[2], _mm256_loadu_ps(values + 16));
                part[n] = _mm256_fmadd_ps(weights[0], _mm256_loadu_ps(values), part[n]);
                other = _mm256_fmadd_ps(weights[3], _mm256_loadu_ps(values + 24), other);
                part[n] = _mm256_fmadd_ps(weights[1], _mm256_loadu_ps(values + 8), part[n]);
                part[n] = _mm256_add_ps(part[n], other);
            }
        }
        __m256 scale = _mm256_broadcast_ss(scales + group);
        for (int n = 0; n < count; n++) {
            total[n] = _mm256_fmadd_ps(part[n], scale, total[n]);
            offset[n] += biases[group] * sums[(size_t)n * groups + group];
        }
    }
    for (int n = 0; n < count; n++) y[(size_t)n * rows] = offset[n] + sum(total[n]);
}

/* One row of W as float32. */
INLINE void widen(const uint8_t *q, const float *scales, const float *biases, float *w, int groups, int group_size,
                  int bits) {
    const __m256i low = _mm256_set1_epi32(15);
    for (int group = 0; group < groups; group++) {
        __m256 scale = _mm256_broadcast_ss(scales + group), bias = _mm256_broadcast_ss(biases + group);
        for (int i = 0; i < group_size; i += 64 / bits, q += 8, w += 64 / bits) {
            __m256i eight = bytes(q);
            if (bits == 8) {
                _mm256_storeu_ps(w, _mm256_fmadd_ps(floats(eight), scale, bias));
                continue;
            }
            __m256 even = _mm256_fmadd_ps(floats(_mm256_and_si256(eight, low)), scale, bias);
            __m256 odd = _mm256_fmadd_ps(floats(_mm256_srli_epi32(eight, 4)), scale, bias);
            __m256 outer = _mm256_unpacklo_ps(even, odd), inner = _mm256_unpackhi_ps(even, odd);
            _mm256_storeu_ps(w, _mm256_permute2f128_ps(outer, inner, 0x20));
            _mm256_storeu_ps(w + 8, _mm256_permute2f128_ps(outer, inner, 0x31));
        }
    }
}

/* Of each chunk of x, the even elements before the odd ones, as the halves of the bytes want them. */
static void split(const float *x, float *into, size_t elements) {
    for (size_t at = 0; at < elements; at += CHUNK)
        for (int i = 0; i < CHUNK / 2; i++) {
            into[at + i] = x[at + 2 * i];
            into[at + CHUNK / 2 + i] = x[at + 2 * i + 1];
        }
}

/* W: quants (rows, columns · bits / 8) bytes; scales and biases (rows, columns / group_size). bits is 4 or 8,
   group_size a multiple of 32. */
struct weights {
    const uint8_t *quants;
    const float *scales, *biases;
    int rows, columns, group_size, bits;
};

INLINE const uint8_t *quants_of(const struct weights *w, int row) {
    return w->quants + (size_t)row * w->columns * w->bits / 8;
}

#define DOTS(CHUNKS, BITS, COUNT)                                                                                      \
    dots(quants_of(w, row), w->scales + at, w->biases + at, x + (size_t)n * w->columns, sums + (size_t)n * groups,     \
         y + (size_t)n * w->rows + row, groups, CHUNKS, BITS, COUNT, w->columns, w->rows)
#define DOTS_OF(COUNT)                                                                                                 \
    (w->bits == 4 ? (chunks == 1 ? DOTS(1, 4, COUNT) : DOTS(chunks, 4, COUNT))                                         \
                  : (chunks == 1 ? DOTS(1, 8, COUNT) : DOTS(chunks, 8, COUNT)))

/* For up to a handful of rows of x. x: (batch, columns); y: (batch, rows). Returns 0, or -1 where there is no memory. */
int punie_matvec(const struct weights *w, const float *x, float *y, int batch, int threads) {
    int groups = w->columns / w->group_size, chunks = w->group_size / CHUNK;
    size_t elements = (size_t)batch * w->columns;
    float *sums = malloc(((size_t)batch * groups + elements) * sizeof(float));
    if (sums == NULL) return -1;
    for (int n = 0; n < batch * groups; n++) {
        float total = 0;
        for (int i = 0; i < w->group_size; i++) total += x[(size_t)n * w->group_size + i];
        sums[n] = total;
    }
    if (w->bits == 4) {
        float *halves = sums + (size_t)batch * groups;
        split(x, halves, elements);
        x = halves;
    }
#pragma omp parallel for schedule(dynamic, ROWS) num_threads(threads)
    for (int row = 0; row < w->rows; row++) {
        size_t at = (size_t)row * groups;
        int n = 0;
        for (; n + BLOCK <= batch; n += BLOCK) DOTS_OF(BLOCK);
        for (; n < batch; n++) DOTS_OF(1);
    }
    free(sums);
    return 0;
}

typedef void sgemm(int order, int trans_a, int trans_b, int m, int n, int k, float alpha, const float *a, int lda,
                   const float *b, int ldb, float beta, float *c, int ldc);
enum { ROW_MAJOR = 101, NO_TRANS = 111, TRANS = 112 }; /* cblas.h */

/* For many rows of x, as `punie_matvec`, with the BLAS's own cblas_sgemm. */
int punie_matmul(const struct weights *w, const float *x, float *y, int batch, int threads, sgemm *multiply) {
    int groups = w->columns / w->group_size, tile = TILE / w->columns < 16 ? 16 : TILE / w->columns;
    float *wide = malloc((size_t)tile * w->columns * sizeof(float));
    if (wide == NULL) return -1;
    for (int first = 0; first < w->rows; first += tile) {
        int count = w->rows - first < tile ? w->rows - first : tile;
#pragma omp parallel for schedule(static) num_threads(threads)
        for (int i = 0; i < count; i++) {
            size_t at = (size_t)(first + i) * groups;
            float *row = wide + (size_t)i * w->columns;
            if (w->bits == 4) widen(quants_of(w, first + i), w->scales + at, w->biases + at, row, groups, w->group_size, 4);
            else widen(quants_of(w, first + i), w->scales + at, w->biases + at, row, groups, w->group_size, 8);
        }
        multiply(ROW_MAJOR, NO_TRANS, TRANS, batch, count, w->columns, 1, x, w->columns, wide, w->columns, 0, y + first,
                 w->rows);
    }
    free(wide);
    return 0;
}
