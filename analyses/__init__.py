"""The published experiments on the sat-rnn: each claim beside the lines that measure it.

One file per experiment or page. It holds `CLAIMS` and a generator `measure(pair)` that yields
`(name, value)` or `(name, value, note)` for every one of them, with boolrnn's public functions only.
`python -m analyses --help` shows the commands.
"""

QUESTIONS = (
    "q1_boolean",
    "q1_margins",
    "q1_attractor",
    "q1_sparsity",
    "q2_offsets",
    "q3_neurons",
    "q4_saturation",
    "q5_redux",
    "q6_justify",
    "q7_algebraic",
)
PAGES = (
    "knockout_page",
    "sparsity_page",
    "synthesis",
    "weight_prediction",
    "substitution",
    "construction",
    "continuum",
    "hash_design",
    "scaffolding",
    "open_questions",
)
NAMES = QUESTIONS + PAGES
