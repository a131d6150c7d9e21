/* Peers that graph_speed.py times boolrnn against: what one writes by hand.
 *
 * Compiled twice: -O2 gives the plain loops, -O3 -mavx2 the table. States are H floats of -1 and +1 for the
 * loops, and words of 64 bits (neuron j in bit j % 64 of word j / 64) for the table. Weights are [to][from],
 * inputs [neuron][symbol].
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifndef __AVX2__

/* One state after another, float32, sums in index order. `state` holds the start and then the end. */
static void step(int hidden, int symbols, const float *wx, const float *wh, const float *bh, int x,
                 const float *before, float *after)
{
    for (int i = 0; i < hidden; i++) {
        float z = bh[i] + wx[i * symbols + x];
        for (int j = 0; j < hidden; j++)
            z += wh[i * hidden + j] * before[j];
        after[i] = z >= 0 ? 1.0f : -1.0f;
    }
}

void plain_run(int hidden, int symbols, const float *wx, const float *wh, const float *bh,
               const int64_t *text, int64_t length, float *state)
{
    float *after = malloc(hidden * sizeof *after);
    for (int64_t t = 0; t < length; t++) {
        step(hidden, symbols, wx, wh, bh, (int)text[t], state, after);
        memcpy(state, after, hidden * sizeof *after);
    }
    free(after);
}

/* counts[to][from]: at how many positions flipping bit `from` of the state changes bit `to` of the next. */
void influence_plain(int hidden, int symbols, const float *wx, const float *wh, const float *bh,
                     const int64_t *text, int64_t length, const float *states, int64_t *counts)
{
    float *base = malloc(hidden * sizeof *base), *after = malloc(hidden * sizeof *after);
    float *state = malloc(hidden * sizeof *state);
    memset(counts, 0, (size_t)hidden * hidden * sizeof *counts);
    for (int64_t t = 0; t < length; t++) {
        memcpy(state, states + t * hidden, hidden * sizeof *state);
        step(hidden, symbols, wx, wh, bh, (int)text[t], state, base);
        for (int j = 0; j < hidden; j++) {
            state[j] = -state[j];
            step(hidden, symbols, wx, wh, bh, (int)text[t], state, after);
            state[j] = -state[j];
            for (int i = 0; i < hidden; i++)
                counts[i * hidden + j] += after[i] != base[i];
        }
    }
    free(base), free(after), free(state);
}

#else

#include <immintrin.h>
#include <math.h>

/* The byte-sliced table in int16, every row at its own scale q, with exact sums in int64 behind it.
 *
 * H / 8 slice sums and the drive are scaled and rounded once each, so that their sum is within E of q z.
 * What is stored adds E: above 2E z is positive, below 0 negative, and in between the row is summed exactly.
 * Only the last value has to fit into int16.
 *
 * Lanes are ordered so that packs_epi16 and movemask_epi8 give the neurons of a block of 64 in order. */

enum { BLOCK = 64 };

typedef struct {
    int hidden, symbols, slices, blocks;
    int limit;                   /* 2E */
    int16_t *table;              /* [slice][byte][lane] */
    int16_t *drive;              /* [symbol][lane] */
    const int64_t *wh, *whole;   /* [to][from] and [symbol][to], each row in its own unit */
} Table;

static int lane_of(int neuron)
{
    int b = neuron % 32, base = neuron - b;
    int vector = (b >> 3) & 1, lane = (b & 7) + ((b >> 4) << 3);
    return base + 16 * vector + lane;
}

static void *lanes(size_t count)
{
    void *memory = aligned_alloc(4096, (count * sizeof(int16_t) + 4095) / 4096 * 4096);
    memset(memory, 0, count * sizeof(int16_t));
    return memory;
}

/* hidden is a multiple of 16; `wh` and `whole` (bias + input) stay with the caller. */
Table *table16_new(int hidden, int symbols, const int64_t *wh, const int64_t *whole)
{
    Table *t = malloc(sizeof *t);
    int slices = hidden / 8, blocks = (hidden + BLOCK - 1) / BLOCK, width = blocks * BLOCK;
    int slack = (slices + 1) / 2 + 2;
    *t = (Table){hidden, symbols, slices, blocks, 2 * slack, lanes((size_t)slices * 256 * width),
                 lanes((size_t)symbols * width), wh, whole};
    for (int x = 0; x < symbols; x++)
        for (int i = hidden; i < width; i++)
            t->drive[x * width + lane_of(i)] = -1; /* the padding never asks for an exact sum */
    for (int i = 0; i < hidden; i++) {
        double widest = 0, most = 0;
        for (int j = 0; j < hidden; j++)
            widest += fabs((double)wh[i * hidden + j]);
        for (int x = 0; x < symbols; x++)
            most = fmax(most, fabs((double)whole[x * hidden + i]));
        widest += most;
        double q = widest > 0 ? (32766 - 2 * slack) / widest : 0;
        for (int s = 0; s < slices; s++)
            for (int byte = 0; byte < 256; byte++) {
                int64_t sum = 0;
                for (int b = 0; b < 8; b++)
                    sum += byte >> b & 1 ? wh[i * hidden + 8 * s + b] : -wh[i * hidden + 8 * s + b];
                t->table[(s * 256 + byte) * width + lane_of(i)] = (int16_t)rint(q * (double)sum);
            }
        for (int x = 0; x < symbols; x++)
            t->drive[x * width + lane_of(i)] = (int16_t)(rint(q * (double)whole[x * hidden + i]) + slack);
    }
    return t;
}

void table16_free(Table *t)
{
    free(t->table), free(t->drive), free(t);
}

static int exact_bit(const Table *t, const uint64_t *state, int x, int i)
{
    const int64_t *row = t->wh + (size_t)i * t->hidden;
    int64_t z = t->whole[(size_t)x * t->hidden + i];
    for (int j = 0; j < t->hidden; j += 4) {
        uint64_t four = state[j / 64] >> (j % 64);
        for (int k = 0; k < 4; k++) {
            int64_t minus = (int64_t)(four >> k & 1) - 1; /* 0 or -1 */
            z += (row[j + k] ^ minus) - minus;
        }
    }
    return z >= 0;
}

static __attribute__((noinline)) uint64_t settle(const Table *t, const uint64_t *state, int x, int block,
                                                 uint64_t near, uint64_t bits)
{
    for (; near; near &= near - 1) {
        int i = __builtin_ctzll(near);
        uint64_t one = (uint64_t)1 << i;
        bits = exact_bit(t, state, x, block * BLOCK + i) ? bits | one : bits & ~one;
    }
    return bits;
}

static inline uint64_t masks(__m256i a, __m256i b, __m256i c, __m256i d)
{
    uint32_t low = (uint32_t)_mm256_movemask_epi8(_mm256_packs_epi16(a, b));
    uint32_t high = (uint32_t)_mm256_movemask_epi8(_mm256_packs_epi16(c, d));
    return low | (uint64_t)high << 32;
}

/* The bits of 64 neurons from their four vectors of sums. */
static inline uint64_t bits_of(const Table *t, const uint64_t *state, int x, int block, __m256i a, __m256i b,
                               __m256i c, __m256i d, __m256i limit)
{
    uint64_t bits = ~masks(a, b, c, d);
    __m256i least = _mm256_min_epu16(_mm256_min_epu16(a, b), _mm256_min_epu16(c, d));
    __m256i close = _mm256_cmpeq_epi16(_mm256_min_epu16(least, limit), least);
    if (__builtin_expect(!_mm256_testz_si256(close, close), 0)) {
        uint64_t near = masks(_mm256_cmpeq_epi16(_mm256_min_epu16(a, limit), a),
                              _mm256_cmpeq_epi16(_mm256_min_epu16(b, limit), b),
                              _mm256_cmpeq_epi16(_mm256_min_epu16(c, limit), c),
                              _mm256_cmpeq_epi16(_mm256_min_epu16(d, limit), d));
        bits = settle(t, state, x, block, near, bits);
    }
    return bits;
}

#define ADD(k, row) v##k = _mm256_add_epi16(v##k, _mm256_load_si256((const __m256i *)(row) + k))
#define LOAD(k, row) __m256i v##k = _mm256_load_si256((const __m256i *)(row) + k)
#define FOUR(row) ADD(0, row), ADD(1, row), ADD(2, row), ADD(3, row)

/* Any number of blocks of 64, one after the other. */
static void run_blocks(const Table *t, const int64_t *text, int64_t length, uint64_t *state, uint64_t *states)
{
    size_t width = (size_t)t->blocks * BLOCK;
    __m256i limit = _mm256_set1_epi16((short)t->limit);
    const uint64_t *before = state;
    for (int64_t at = 0; at < length; at++) {
        int x = (int)text[at];
        uint64_t *after = states + at * t->blocks;
        const uint8_t *bytes = (const uint8_t *)before;
        for (int block = 0; block < t->blocks; block++) {
            const int16_t *first = t->drive + x * width + block * BLOCK;
            LOAD(0, first);
            LOAD(1, first);
            LOAD(2, first);
            LOAD(3, first);
            for (int s = 0; s < t->slices; s++) {
                const int16_t *row = t->table + ((size_t)s * 256 + bytes[s]) * width + block * BLOCK;
                FOUR(row);
            }
            after[block] = bits_of(t, before, x, block, v0, v1, v2, v3, limit);
        }
        before = after;
    }
    memcpy(state, before, t->blocks * sizeof *state);
}

/* 128 neurons: eight vectors of sums stay in registers. The low half of the next state is ready first, and
 * its eight rows are being added for the step after while the high half is still on its way. */
static void run_128(const Table *t, const int64_t *text, int64_t length, uint64_t *state, uint64_t *states)
{
    const char *table = (const char *)t->table;
    __m256i limit = _mm256_set1_epi16((short)t->limit);
    uint64_t low = state[0], high = state[1];
    __m256i v0, v1, v2, v3, v4, v5, v6, v7;
#define ROW(s, byte) ((const __m256i *)(table + (size_t)(s) * 65536 + (size_t)(byte) * 256))
#define BYTE(word, k) ((word) >> (8 * (k)) & 255)
#define LOW4(r) ADD(0, r), ADD(1, r), ADD(2, r), ADD(3, r)
#define HIGH4(r) ADD(4, r), ADD(5, r), ADD(6, r), ADD(7, r)
#define EACH(M) M(0), M(1), M(2), M(3), M(4), M(5), M(6), M(7)
#define BEGIN(x, word)                                                                                      \
    do {                                                                                                    \
        const __m256i *d = (const __m256i *)(t->drive + (size_t)(x) * 128);                                 \
        v0 = d[0], v1 = d[1], v2 = d[2], v3 = d[3], v4 = d[4], v5 = d[5], v6 = d[6], v7 = d[7];             \
        EACH(STARTED);                                                                                      \
    } while (0)
#define STARTED(k) LOW4(ROW(k, BYTE(low, k))), HIGH4(ROW(k, BYTE(low, k)))
#define LOWER(k) LOW4(ROW(8 + k, BYTE(high, k)))
#define UPPER(k) HIGH4(ROW(8 + k, BYTE(high, k)))
    BEGIN(text[0], low);
    for (int64_t at = 0; at < length; at++) {
        int x = (int)text[at];
        uint64_t before[2] = {low, high};
        EACH(LOWER);
        low = bits_of(t, before, x, 0, v0, v1, v2, v3, limit);
        EACH(UPPER);
        high = bits_of(t, before, x, 1, v4, v5, v6, v7, limit);
        states[2 * at] = low;
        states[2 * at + 1] = high;
        BEGIN(text[at + 1 < length ? at + 1 : at], low);
    }
    state[0] = low, state[1] = high;
}

/* `states` (length, words) receives every state, `state` the last one. */
void table16_run(const Table *t, const int64_t *text, int64_t length, uint64_t *state, uint64_t *states)
{
    if (length == 0)
        return;
    if (t->hidden == 128)
        run_128(t, text, length, state, states);
    else
        run_blocks(t, text, length, state, states);
}

#endif
