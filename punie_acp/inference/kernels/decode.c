/* One token through a whole transformer of the kind of Qwen2 and Qwen3: what decoding does for every token.

   MLX needs some twenty operations a layer for it, each of which costs more to be scheduled than to be computed. Here
   a token is one call. Its key and value are written to the caches where they lie: nobody else may read them.
*/
#include <math.h>
#include <string.h>

#include "packed.h"

#define KEYS 4    /* at a time */
#define PART 2048 /* logits whose powers are summed in single precision */

/* Biases and the norms of queries and keys may be NULL. keys, values: (kv_heads, capacity, head_size). */
struct layer {
    struct weights query, key, value, output, gate, up, down;
    const float *query_bias, *key_bias, *value_bias, *query_norm, *key_norm, *attention_norm, *feed_norm;
    float *keys, *values;
};

/* frequencies: radians a position, (head_size / 2). hidden and head_size are multiples of 8, heads of kv_heads. */
struct transformer {
    const struct layer *layers;
    const struct weights *output;
    const float *norm, *frequencies;
    int count, hidden, heads, kv_heads, head_size, capacity;
    float epsilon, scale;
};

/* What a token needs while it is computed. */
struct scratch {
    float *state, *normed, *made;           /* (hidden) */
    float *queries, *attended;              /* (heads, head_size) */
    float *keys, *values;                   /* (kv_heads, head_size) */
    float *cosines, *sines;                 /* (head_size / 2) */
    float *scores;                          /* (heads, positions) */
    int positions;                          /* rounded up to eight */
};

static struct scratch make_scratch(const struct transformer *t, int position) {
    struct scratch s = {.positions = (position + 8) / 8 * 8};
    size_t hidden = t->hidden, all = (size_t)t->heads * t->head_size, few = (size_t)t->kv_heads * t->head_size;
    float *at = malloc((3 * hidden + 2 * all + 2 * few + t->head_size + (size_t)t->heads * s.positions) * sizeof(float));
    s.state = at;
    if (at == NULL) return s;
    s.normed = s.state + hidden, s.made = s.normed + hidden;
    s.queries = s.made + hidden, s.attended = s.queries + all;
    s.keys = s.attended + all, s.values = s.keys + few;
    s.cosines = s.values + few, s.sines = s.cosines + t->head_size / 2;
    s.scores = s.sines + t->head_size / 2;
    for (int i = 0; i < t->head_size / 2; i++) {
        s.cosines[i] = cosf(position * t->frequencies[i]);
        s.sines[i] = sinf(position * t->frequencies[i]);
    }
    return s;
}

static void add(float *to, const float *from, int count) {
    for (int i = 0; from && i < count; i++) to[i] += from[i];
}

static void rms_norm(const float *x, const float *weight, float *y, int count, float epsilon) {
    __m256 squares = _mm256_setzero_ps();
    for (int i = 0; i < count; i += 8) {
        __m256 part = _mm256_loadu_ps(x + i);
        squares = _mm256_fmadd_ps(part, part, squares);
    }
    float by = 1 / sqrtf(sum(squares) / count + epsilon);
    for (int i = 0; i < count; i++) y[i] = x[i] * by * weight[i];
}

/* Norm (where there is one) and rotary position of each head, in place. */
static void place_heads(float *x, const float *norm, int heads, const struct transformer *t, const struct scratch *s) {
    int half = t->head_size / 2;
    for (float *head = x; head < x + (size_t)heads * t->head_size; head += t->head_size) {
        if (norm) rms_norm(head, norm, head, t->head_size, t->epsilon);
        for (int i = 0; i < half; i++) {
            float first = head[i], second = head[i + half];
            head[i] = first * s->cosines[i] - second * s->sines[i];
            head[i + half] = first * s->sines[i] + second * s->cosines[i];
        }
    }
}

/* scores = scale · K q, of up to KEYS keys. */
INLINE void score(const float *query, const float *keys, float *scores, float scale, int size, int count) {
    __m256 total[KEYS];
    for (int k = 0; k < count; k++) total[k] = _mm256_setzero_ps();
    for (int i = 0; i < size; i += 8) {
        __m256 part = _mm256_loadu_ps(query + i);
        for (int k = 0; k < count; k++)
            total[k] = _mm256_fmadd_ps(part, _mm256_loadu_ps(keys + (size_t)k * size + i), total[k]);
    }
    for (int k = 0; k < count; k++) scores[k] = scale * sum(total[k]);
}

/* scores = eˢ less the greatest, over `positions` of them, a multiple of eight. Returns their sum. */
static float exponentials(float *scores, int positions) {
    float most = scores[0];
    for (int i = 1; i < positions; i++) most = scores[i] > most ? scores[i] : most;
    __m256 total = _mm256_setzero_ps();
    for (int i = 0; i < positions; i += 8) {
        __m256 power = exponential(_mm256_sub_ps(_mm256_loadu_ps(scores + i), _mm256_set1_ps(most)));
        _mm256_storeu_ps(scores + i, power);
        total = _mm256_add_ps(total, power);
    }
    return sum(total);
}

/* y = Σ shareᵢ · valueᵢ / whole, of `count` eights of each value. */
INLINE void mix(const float *shares, const float *values, float *y, float whole, int length, int size, int count) {
    __m256 total[4], by = _mm256_set1_ps(1 / whole);
    for (int k = 0; k < count; k++) total[k] = _mm256_setzero_ps();
    for (int i = 0; i < length; i++, values += size) {
        __m256 share = _mm256_broadcast_ss(shares + i);
        for (int k = 0; k < count; k++) total[k] = _mm256_fmadd_ps(share, _mm256_loadu_ps(values + 8 * k), total[k]);
    }
    for (int k = 0; k < count; k++) _mm256_storeu_ps(y + 8 * k, _mm256_mul_ps(total[k], by));
}

static void attend(const struct transformer *t, const struct layer *l, const struct scratch *s, int head, int length) {
    int size = t->head_size, at = 0;
    size_t start = (size_t)(head / (t->heads / t->kv_heads)) * t->capacity * size;
    const float *query = s->queries + (size_t)head * size, *keys = l->keys + start, *values = l->values + start;
    float *scores = s->scores + (size_t)head * s->positions, *y = s->attended + (size_t)head * size;
    for (; at + KEYS <= length; at += KEYS) score(query, keys + (size_t)at * size, scores + at, t->scale, size, KEYS);
    for (; at < length; at++) score(query, keys + (size_t)at * size, scores + at, t->scale, size, 1);
    for (; at < s->positions; at++) scores[at] = -INFINITY;
    float whole = exponentials(scores, s->positions);
    int done = 0;
    for (; done + 32 <= size; done += 32) mix(scores, values + done, y + done, whole, length, size, 4);
    for (; done < size; done += 8) mix(scores, values + done, y + done, whole, length, size, 1);
}

static void remember(const struct transformer *t, float *cache, const float *heads, int position) {
    for (int head = 0; head < t->kv_heads; head++)
        memcpy(cache + ((size_t)head * t->capacity + position) * t->head_size, heads + (size_t)head * t->head_size,
               t->head_size * sizeof(float));
}

static int attention(const struct transformer *t, const struct layer *l, const struct scratch *s, int position, int threads) {
    rms_norm(s->state, l->attention_norm, s->normed, t->hidden, t->epsilon);
    struct product all[] = {{&l->query, s->queries}, {&l->key, s->keys}, {&l->value, s->values}};
    if (punie_products(all, 3, s->normed, 1, threads)) return -1;
    add(s->queries, l->query_bias, l->query.rows);
    add(s->keys, l->key_bias, l->key.rows);
    add(s->values, l->value_bias, l->value.rows);
    place_heads(s->queries, l->query_norm, t->heads, t, s);
    place_heads(s->keys, l->key_norm, t->kv_heads, t, s);
    remember(t, l->keys, s->keys, position);
    remember(t, l->values, s->values, position);
#pragma omp parallel for schedule(static) num_threads(threads)
    for (int head = 0; head < t->heads; head++) attend(t, l, s, head, position + 1);
    return punie_matmul(&l->output, s->attended, s->made, 1, threads);
}

static int token(const struct transformer *t, const struct scratch *s, float *logits, int position, int threads) {
    for (const struct layer *l = t->layers; l < t->layers + t->count; l++) {
        if (attention(t, l, s, position, threads)) return -1;
        add(s->state, s->made, t->hidden);
        rms_norm(s->state, l->feed_norm, s->normed, t->hidden, t->epsilon);
        if (punie_feed_forward(&l->gate, &l->up, &l->down, s->normed, s->made, 1, threads)) return -1;
        add(s->state, s->made, t->hidden);
    }
    rms_norm(s->state, t->norm, s->normed, t->hidden, t->epsilon);
    return punie_matmul(t->output, s->normed, logits, 1, threads);
}

/* The logits after a token. x: its embedding, (hidden); logits: (output rows); the caches hold `position` tokens, and
   then this one too. Returns 0, or -1 where there is no memory; what the caches held is then as it was. */
int punie_decode(const struct transformer *t, const float *x, float *logits, int position, int threads) {
    struct scratch s = make_scratch(t, position);
    if (s.state == NULL) return -1;
    memcpy(s.state, x, t->hidden * sizeof(float));
    int failed = token(t, &s, logits, position, threads);
    free(s.state);
    return failed;
}

/* log Σ eˣ, of which `most` is the greatest x; summed in parts, so that single precision is enough for each. */
float punie_normalizer(const float *x, int count, float most, int threads) {
    double total = 0;
#pragma omp parallel for reduction(+ : total) num_threads(threads)
    for (int part = 0; part < count; part += PART) {
        int end = part + PART < count ? part + PART : count, i = part;
        __m256 powers = _mm256_setzero_ps();
        for (; i + 8 <= end; i += 8)
            powers = _mm256_add_ps(powers, exponential(_mm256_sub_ps(_mm256_loadu_ps(x + i), _mm256_set1_ps(most))));
        total += sum(powers);
        for (; i < end; i++) total += expf(x[i] - most);
    }
    return most + (float)log(total);
}
