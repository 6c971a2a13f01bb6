/* What the kernels share. AVX2, FMA and F16C: every x86-64 processor since 2015. */
#ifndef PUNIE_PACKED_H
#define PUNIE_PACKED_H

#include <immintrin.h>
#include <stdint.h>
#include <stdlib.h>

#define INLINE static inline __attribute__((always_inline))

/* W: quants (rows, columns · bits / 8) bytes; scales and biases (rows, columns / group_size) float16. bits is 4, 5 or 8,
   group_size a multiple of 32. Without biases they are the scales times -2ᵇⁱᵗˢ⁻¹: the middle integer stands for zero. */
struct weights {
    const uint8_t *quants;
    const uint16_t *scales, *biases;
    int rows, columns, group_size, bits;
};

struct product {
    const struct weights *w;
    float *y;
};

/* y = x Wᵀ. x: (batch, columns); y: (batch, rows), both contiguous. Returns 0, or -1 where there is no memory. */
int punie_matmul(const struct weights *w, const float *x, float *y, int batch, int threads);

/* Several products with one x, of which all W have the columns: threads meet once for them all. As `punie_matmul`. */
int punie_products(const struct product *products, int count, const float *x, int batch, int threads);

/* y = (silu(x Gᵀ) · x Uᵀ) Dᵀ: a transformer's feed-forward layer. As `punie_matmul`. */
int punie_feed_forward(const struct weights *gate, const struct weights *up, const struct weights *down, const float *x,
                       float *y, int batch, int threads);

INLINE float sum(__m256 v) {
    __m128 four = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

/* eˣ to 7 digits for x in [-87, 88], and the nearest of both ends beyond: 2ⁿ · eʳ with |r| ≤ ln 2 / 2. */
INLINE __m256 exponential(__m256 x) {
    x = _mm256_min_ps(_mm256_max_ps(x, _mm256_set1_ps(-87)), _mm256_set1_ps(88));
    __m256 n = _mm256_round_ps(_mm256_mul_ps(x, _mm256_set1_ps(1.44269504f)), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    __m256 r = _mm256_fnmadd_ps(n, _mm256_set1_ps(0.693359375f), x);
    r = _mm256_fnmadd_ps(n, _mm256_set1_ps(-2.12194440e-4f), r);
    __m256 series = _mm256_set1_ps(1.0f / 5040);
    const float terms[] = {1.0f / 720, 1.0f / 120, 1.0f / 24, 1.0f / 6, 0.5f, 1, 1};
    for (int i = 0; i < 7; i++) series = _mm256_fmadd_ps(series, r, _mm256_set1_ps(terms[i]));
    __m256i power = _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23);
    return _mm256_mul_ps(series, _mm256_castsi256_ps(power));
}

#endif
