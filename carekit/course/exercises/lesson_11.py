"""Exercises of lesson 11: what chance does to a gain."""

import itertools

import numpy as np
from scipy import stats

from carekit.course.exercises.exercise import Choice, Exercise, Slip, drawn

SAMPLING = Exercise(
    name="sampling",
    lesson=11,
    title="How far does the test set alone move a recall?",
    minutes=4,
    level="warm-up",
    task="A recall $p$ was measured on $n$ images. Had other images been chosen, it would be another number: half "
    "the width "
    "of its 95 % interval is about $1.96 \\sqrt{p (1 - p) / n}$.",
    hints=("The root holds the whole fraction.", "`1.96 * (p * (1 - p) / n) ** 0.5`."),
    expected="p = 0.5 and n = 23: 0.204. Twenty points, from the choice of 23 images.",
    stub='''
def my_sampling(p, n):
    """p: a recall in [0, 1], n: on how many images. Returns half the width of its interval."""
    ...
''',
    solution="""
def my_sampling(p, n):
    return 1.96 * (p * (1 - p) / n) ** 0.5
""",
    cases=drawn(lambda random: (float(random.uniform(0.1, 0.9)), int(random.integers(20, 400)))),
    truth=lambda p, n: 1.96 * float(stats.bernoulli(p).std()) / float(np.sqrt(n)),
    rule="1.96 times the root of p (1 - p) / n",
    slips=(
        Slip(" ** 0.5", "", "The root is missing: that is 1.96 times the variance."),
        Slip("1.96 * ", "", "That is one standard error: 1.96 of them hold 95 %."),
        Slip(
            "(p * (1 - p) / n) ** 0.5",
            "(p * (1 - p)) ** 0.5 / n",
            "n stands under the root: the width falls with its root.",
        ),
        Slip("1.96 *", "3.92 *", "That is the whole width: return half of it."),
        Slip("p * (1 - p)", "p", "The variance of yes and no is p (1 - p)."),
    ),
    so_what="No number of seeds helps against this: all of them are tested on the same few images. Only more images "
    "do.",
)


MCNEMAR = Exercise(
    name="mcnemar",
    lesson=11,
    title="Two models on the same images",
    minutes=6,
    task="Only the images on which two models *disagree* can tell them apart: `gained` of them are right in the new "
    "model "
    "only, `lost` in the old one only. Were both equally good, each would be a coin. How likely is a split at least as "
    "uneven, in either direction? (McNemar's test, exact. Where they never disagree, 1.)",
    hints=(
        "`n = gained + lost` coins. `comb(n, k) / 2 ** n` is the chance of k heads; `comb` is `math.comb`.",
        "Sum it for k from 0 to the smaller of both numbers, double it for the other direction, and cut at 1.",
    ),
    expected="gained 8 and lost 1: 2 · (1 + 9) / 512 = 0.039. gained 3, lost 3: 1.",
    stub='''
def my_mcnemar(gained, lost):
    """gained, lost: whole numbers. Returns the two-sided p-value."""
    ...
''',
    solution="""
def my_mcnemar(gained, lost):
    from math import comb
    n = gained + lost
    tail = sum(comb(n, k) for k in range(min(gained, lost) + 1)) / 2**n
    return min(1, 2 * tail)
""",
    cases={
        **drawn(lambda random: (int(random.integers(3, 25)), int(random.integers(0, 8))), 5),
        "as many lost as gained": lambda: (4, 4),
        "no disagreement": lambda: (0, 0),
        "more lost": lambda: (2, 9),
    },
    truth=lambda gained, lost: stats.binomtest(gained, gained + lost).pvalue if gained + lost else 1.0,
    rule="twice the chance of so few or fewer of the smaller kind, at most 1",
    slips=(
        Slip(
            "min(1, 2 * tail)", "min(1, tail)", "That is one-sided: the old model could have been the better one, too."
        ),
        Slip("+ 1)) / 2**n", ")) / 2**n", "The split itself belongs to the tail: range ends before its last number."),
        Slip("min(1, 2 * tail)", "2 * tail", "With as many lost as gained this is above 1: cut it there."),
        Slip("min(gained, lost)", "lost", "Take the smaller of both: CARE may lose more than it gains."),
        Slip("/ 2**n", "", "Those are numbers of ways: divide by all of them, 2 ** n."),
    ),
    so_what="Images that both models know say nothing. That is why a paired test on 300 images sees more than two "
    "intervals.",
)


def _flips(differences: np.ndarray) -> float:
    observed, means = abs(differences.mean()), []
    for signs in itertools.product((1, -1), repeat=len(differences)):
        means.append(abs(float(np.mean([sign * d for sign, d in zip(signs, differences.tolist(), strict=True)]))))
    return sum(mean >= observed - 1e-12 for mean in means) / len(means)


PERMUTATION = Exercise(
    name="sign_flips",
    lesson=11,
    title="A test without a table",
    minutes=6,
    task="If CARE did nothing, the sign of each seed's difference would be chance. So flip the signs in all $2^n$ "
    "ways: in "
    "what share of them is the mean at least as far from 0 as the one that was measured?",
    hints=(
        "`itertools.product([1, -1], repeat=len(d))` gives all ways; each is as long as `d`.",
        "For each, `abs((np.array(signs) * d).mean())`; count those that are at least `abs(d.mean())` (less 1e-12, "
        "against "
        "rounding).",
    ),
    expected="Three differences of the same sign: 2 of 8 ways, 0.25. It cannot be smaller with three seeds!",
    stub='''
def my_sign_flips(d):
    """d (n,): the paired differences, one for each seed. Returns the two-sided p-value."""
    ...
''',
    solution="""
def my_sign_flips(d):
    import itertools
    ways = np.array(list(itertools.product([1, -1], repeat=len(d))))
    means = abs((ways * d).mean(1))
    return np.mean(means >= abs(d.mean()) - 1e-12)
""",
    cases=drawn(lambda random: (random.normal(size=int(random.integers(3, 8))) + random.choice([-0.8, 0.3, 0.8]),), 6),
    truth=_flips,
    rule="the share of all ways whose mean is at least as far from 0",
    slips=(
        Slip(
            "means >= abs(d.mean()) - 1e-12",
            "means > abs(d.mean()) + 1e-12",
            "The measured way counts as well: at least, not more.",
        ),
        Slip(
            "means = abs((ways * d).mean(1))",
            "means = (ways * d).mean(1)",
            "Both directions count: take the absolute value of the means.",
        ),
        Slip("np.mean(means", "np.sum(means", "That is the number of ways: return their share."),
        Slip("(ways * d).mean(1)", "(ways * d).mean(0)", "The mean of each *way* is asked: over its seeds, axis 1."),
        Slip(
            "means >= abs(d.mean()) - 1e-12",
            "means <= abs(d.mean()) + 1e-12",
            "That counts the ways that are *nearer* to 0.",
        ),
    ),
    so_what="With three seeds no such test can go below 0.25, however large the effect. Student's t can, because it "
    "believes "
    "that the differences have a bell's shape.",
)


BONFERRONI = Exercise(
    name="bonferroni",
    lesson=11,
    title="Seven classes, seven tests",
    minutes=3,
    task="Who tests each of $m$ classes finds a 'significant' one by chance more easily. **Bonferroni**: multiply each "
    "p-value by the number of tests, and cut at 1.",
    hints=("The number of tests is `len(p)`.", "`np.minimum(1, ...)` cuts each value."),
    expected="`[0.01, 0.3]` gives `[0.02, 0.6]`; `[0.4, 0.5, 0.9]` gives `[1, 1, 1]`.",
    stub='''
def my_bonferroni(p):
    """p (m,): p-values. Returns the corrected ones, (m,)."""
    ...
''',
    solution="""
def my_bonferroni(p):
    return np.minimum(1, len(p) * p)
""",
    cases=drawn(lambda random: (random.random(int(random.integers(2, 9))) ** 3,)),
    truth=lambda p: [min(1.0, sum(value for _ in p)) for value in p.tolist()],
    rule="each p-value times the number of tests, at most 1",
    slips=(
        Slip("np.minimum(1, len(p) * p)", "len(p) * p", "A probability is at most 1: cut it there."),
        Slip(
            "len(p) * p",
            "p / len(p)",
            "Divide the *limit* by the number of tests, or multiply the p-values: not the other way.",
        ),
        Slip(
            "np.minimum(1, len(p) * p)", "np.full(len(p), min(1, len(p) * p.min()))", "Each test keeps its own value."
        ),
        Slip("np.minimum", "np.maximum", "The smaller of 1 and the value, not the larger."),
    ),
    so_what="Decide beforehand which one number counts (here: the recall of the rare class) and test the others with "
    "care.",
)

REPORT = Choice(
    name="report",
    lesson=11,
    title="Which sentence may stand in the paper?",
    minutes=2,
    variable="my_sentence",
    task="Five seeds, 300 test images of the rare class: recall .19 for the control and .42 for CARE, paired "
    "difference .23 ± "
    ".06; without the mark .01 ± .05; difference of both gains .22 ± .08.",
    choices={
        "a": (
            "CARE improves the diagnosis of rare skin diseases",
            "only where a mark misleads, on drawn images, for one class.",
        ),
        "b": (
            "CARE more than doubles the recall",
            "a ratio of two means without an interval; of a small number everything doubles.",
        ),
        "c": (
            "where a mark misleads, CARE raises the recall by .23 ± .06 over five seeds; without a mark no gain was "
            "seen",
            "it says how much, how sure, and where not.",
        ),
        "d": (
            "CARE has no effect without a mark, as shown by the interval that holds zero",
            "not seen is not absent: gains up to .06 are in the interval.",
        ),
        "e": (
            "the gain with a mark is significant, the gain without one is not, so the mark is the reason, as our "
            "separate tests of both prove beyond doubt",
            "only the difference of differences says that, and nothing is beyond doubt.",
        ),
    },
    right="c",
    so_what="A sentence with its limits is believed by those who matter.",
)

EXERCISES = (SAMPLING, MCNEMAR, PERMUTATION, BONFERRONI, REPORT)
