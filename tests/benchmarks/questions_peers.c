/* Peers that questions_speed.py times boolrnn against: the published definitions as plain loops, gcc -O2.
 *
 * Weights are [to][from] in float32, inputs [neuron][symbol], the readout [output][neuron]. Nothing is reused
 * from one variant of a model to the next: each is run, or read out, again.
 */

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    int hidden, symbols, outputs;
    const float *wx, *wh, *bh, *wy, *by;
} Net;

static void run(const Net *n, const int64_t *text, int64_t steps, float *hidden)
{
    float *zero = calloc(n->hidden, sizeof *zero);
    const float *before = zero;
    for (int64_t t = 0; t < steps; t++) {
        float *after = hidden + t * n->hidden;
        for (int i = 0; i < n->hidden; i++) {
            float z = n->bh[i] + n->wx[i * n->symbols + text[t]];
            for (int j = 0; j < n->hidden; j++)
                z += n->wh[i * n->hidden + j] * before[j];
            after[i] = tanhf(z);
        }
        before = after;
    }
    free(zero);
}

static void softmax(const Net *n, const float *h, double *p)
{
    double most = -1e300, total = 0;
    for (int o = 0; o < n->outputs; o++) {
        double z = n->by[o];
        for (int j = 0; j < n->hidden; j++)
            z += n->wy[o * n->hidden + j] * h[j];
        p[o] = z;
        if (z > most)
            most = z;
    }
    for (int o = 0; o < n->outputs; o++)
        total += p[o] = exp(p[o] - most);
    for (int o = 0; o < n->outputs; o++)
        p[o] /= total;
}

static double cost(const Net *n, const int64_t *text, int64_t steps, const float *hidden)
{
    double *p = malloc(n->outputs * sizeof *p), total = 0;
    for (int64_t t = 0; t < steps; t++) {
        softmax(n, hidden + t * n->hidden, p);
        double q = p[text[t + 1]];
        total -= log2(q > 1e-30 ? q : 1e-30);
    }
    free(p);
    return total / steps;
}

/* Bits per character with column j of the readout at 0, for every j; then with its first k columns kept and
 * removed, for every k. `costs` holds 3 hidden + 2 values. */
void knockout_plain(int hidden, int symbols, int outputs, const float *wx, const float *wh, const float *bh,
                    const float *wy, const float *by, const int64_t *text, int64_t steps, double *costs)
{
    float *h = malloc(steps * hidden * sizeof *h), *less = malloc((size_t)outputs * hidden * sizeof *less);
    Net n = {hidden, symbols, outputs, wx, wh, bh, wy, by};
    run(&n, text, steps, h);
    n.wy = less;
    for (int which = 0; which < 3 * hidden + 2; which++) {
        memcpy(less, wy, (size_t)outputs * hidden * sizeof *less);
        int k = which < hidden ? which : (which - hidden) % (hidden + 1);
        int kind = which < hidden ? 0 : 1 + (which - hidden) / (hidden + 1);
        for (int j = 0; j < hidden; j++)
            if ((kind == 0 && j == k) || (kind == 1 && j < k) || (kind == 2 && j >= k))
                for (int o = 0; o < outputs; o++)
                    less[o * hidden + j] = 0;
        costs[which] = cost(&n, text, steps, h);
    }
    free(less);
    free(h);
}

static double rerun(const Net *n, const int64_t *text, int64_t steps)
{
    float *h = malloc(steps * n->hidden * sizeof *h);
    run(n, text, steps, h);
    double found = cost(n, text, steps, h);
    free(h);
    return found;
}

static float *under(const float *from, size_t size, float threshold)
{
    float *less = malloc(size * sizeof *less);
    for (size_t k = 0; k < size; k++)
        less[k] = fabsf(from[k]) < threshold ? 0 : from[k];
    return less;
}

/* Bits per character with wh below each threshold at 0, then wx; then with the top k neurons of the readout
 * (ranked by knockouts) and wh below 0, 1, 2 and 3 at 0, for every k of `kept`. Every model is run again. */
void prune_plain(int hidden, int symbols, int outputs, const float *wx, const float *wh, const float *bh,
                 const float *wy, const float *by, const int64_t *text, int64_t steps, const float *thresholds,
                 int count, const int64_t *kept, int kinds, double *costs)
{
    size_t ny = (size_t)outputs * hidden;
    float *few = malloc(ny * sizeof *few);
    double *worth = malloc(hidden * sizeof *worth);
    Net n = {hidden, symbols, outputs, wx, wh, bh, wy, by};
    for (int which = 0; which < 2 * count; which++) {
        size_t size = (size_t)hidden * (which < count ? hidden : symbols);
        float *less = under(which < count ? wh : wx, size, thresholds[which % count]);
        n.wh = which < count ? less : wh, n.wx = which < count ? wx : less;
        *costs++ = rerun(&n, text, steps);
        free(less);
    }
    n.wh = wh, n.wx = wx, n.wy = few;
    for (int j = 0; j < hidden; j++) {
        memcpy(few, wy, ny * sizeof *few);
        for (int o = 0; o < outputs; o++)
            few[o * hidden + j] = 0;
        worth[j] = rerun(&n, text, steps);
    }
    for (int q = 0; q < 4 * kinds; q++) {
        memcpy(few, wy, ny * sizeof *few);
        for (int j = 0; j < hidden; j++) {
            int better = 0;
            for (int i = 0; i < hidden; i++)
                better += worth[i] > worth[j];
            for (int o = 0; better >= kept[q / 4] && o < outputs; o++)
                few[o * hidden + j] = 0;
        }
        float *less = under(wh, (size_t)hidden * hidden, (float)(q % 4));
        n.wh = less;
        *costs++ = rerun(&n, text, steps);
        free(less);
    }
    free(worth), free(few);
}

/* active[t][k]: weights whose gradient attribution at position t, at its greatest over the depths, is above
 * threshold k. As published: no gate on the inputs' term. */
void attribution_plain(int hidden, int symbols, int outputs, const float *wx, const float *wh, const float *bh,
                       const float *wy, const float *by, const int64_t *text, int64_t steps, int depth,
                       const double *thresholds, int count, int64_t *active)
{
    size_t nx = (size_t)hidden * symbols, nh = (size_t)hidden * hidden;
    float *h = malloc(steps * hidden * sizeof *h), *b = malloc(hidden * sizeof *b), *u = malloc(hidden * sizeof *u);
    float *inputs = malloc(nx * sizeof *inputs), *links = malloc(nh * sizeof *links);
    double *p = malloc(outputs * sizeof *p);
    Net n = {hidden, symbols, outputs, wx, wh, bh, wy, by};
    run(&n, text, steps, h);
    for (int64_t t = 0; t < steps; t++) {
        memset(inputs, 0, nx * sizeof *inputs);
        memset(links, 0, nh * sizeof *links);
        softmax(&n, h + t * hidden, p);
        for (int j = 0; j < hidden; j++) {
            double g = wy[text[t + 1] * hidden + j];
            for (int o = 0; o < outputs; o++)
                g -= p[o] * wy[o * hidden + j];
            b[j] = (float)g;
        }
        for (int k = 0; k < count; k++)
            active[t * count + k] = 0;
        for (int j = 0; j < hidden; j++)
            for (int k = 0; k < count; k++)
                active[t * count + k] += fabsf(b[j]) > thresholds[k];
        for (int d = 1; d <= depth && t - d >= 0; d++) {
            const float *there = h + (t - d + 1) * hidden;
            for (int i = 0; i < hidden; i++)
                u[i] = (1 - there[i] * there[i]) * b[i];
            memset(b, 0, hidden * sizeof *b);
            for (int i = 0; i < hidden; i++) {
                if (fabsf(u[i]) < 1e-8f)
                    continue;
                for (int j = 0; j < hidden; j++) {
                    float one = u[i] * wh[i * hidden + j];
                    b[j] += one;
                    if (fabsf(one) > links[i * hidden + j])
                        links[i * hidden + j] = fabsf(one);
                }
            }
            for (int j = 0; j < hidden; j++) {
                float one = fabsf(wx[j * symbols + text[t - d]] * b[j]);
                if (one > inputs[j * symbols + text[t - d]])
                    inputs[j * symbols + text[t - d]] = one;
            }
        }
        for (int k = 0; k < count; k++) {
            for (size_t q = 0; q < nx; q++)
                active[t * count + k] += inputs[q] > thresholds[k];
            for (size_t q = 0; q < nh; q++)
                active[t * count + k] += links[q] > thresholds[k];
        }
    }
    free(p), free(links), free(inputs), free(u), free(b), free(h);
}
