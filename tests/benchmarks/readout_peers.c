/* The peer that readout_peers.py times boolrnn's optimum against: full-batch gradient descent on the mean
 * cross-entropy of a readout as plain loops, in float32, every output and every position in every epoch.
 */

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* features [position][neuron], wy [output][neuron]; the rate is multiplied by .3 after each epoch in drops */
double descend_plain(int hidden, int outputs, int64_t positions, const float *features, const int64_t *targets,
                     float *wy, float *by, int epochs, float rate, const int *drops, int many)
{
    float *slope = malloc(sizeof(float) * outputs * hidden), *below = malloc(sizeof(float) * outputs);
    float *p = malloc(sizeof(float) * outputs);
    double cost = 0;
    for (int epoch = 0; epoch <= epochs; epoch++) { /* the last one only counts what is reached */
        memset(slope, 0, sizeof(float) * outputs * hidden);
        memset(below, 0, sizeof(float) * outputs);
        cost = 0;
        for (int64_t t = 0; t < positions; t++) {
            const float *h = features + t * hidden;
            float most = -1e30f, total = 0;
            for (int o = 0; o < outputs; o++) {
                float z = by[o];
                for (int j = 0; j < hidden; j++)
                    z += wy[o * hidden + j] * h[j];
                p[o] = z;
                if (z > most)
                    most = z;
            }
            for (int o = 0; o < outputs; o++)
                total += p[o] = expf(p[o] - most);
            cost -= log2(p[targets[t]] / total);
            for (int o = 0; o < outputs; o++) {
                float d = p[o] / total - (o == targets[t]);
                below[o] += d;
                for (int j = 0; j < hidden; j++)
                    slope[o * hidden + j] += d * h[j];
            }
        }
        if (epoch == epochs)
            break;
        for (int o = 0; o < outputs; o++) {
            by[o] -= rate * below[o] / positions;
            for (int j = 0; j < hidden; j++)
                wy[o * hidden + j] -= rate * slope[o * hidden + j] / positions;
        }
        for (int k = 0; k < many; k++)
            if (epoch == drops[k])
                rate *= 0.3f;
    }
    free(slope), free(below), free(p);
    return cost / positions;
}
