"""Exercises of lesson 14: what a paper's numbers and its words can be asked."""

from collections.abc import Callable
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal
from math import comb

import numpy as np

from carekit.course.exercises.exercise import Choice, Exercise, Slip, drawn


def _printed(cut_off: bool, random: np.random.Generator) -> tuple[float, int, int]:
    """A share of some images, in percent, as a table could print it."""
    n, digits = int(random.integers(15, 40)), int(random.integers(1, 3))
    factor = 10**digits
    share = 100 * int(random.integers(1, n)) / n * factor
    return (np.floor(share) if cut_off else np.round(share)) / factor, n, digits


def _shifted(random: np.random.Generator) -> tuple[float, int, int]:
    """A number near no share: a third of a step further."""
    n = int(random.integers(15, 40))
    return round(100 * (int(random.integers(1, n)) + 0.34) / n, 1), n, 1


def _occurs(printed: float, n: int, digits: int) -> bool:
    """In whole numbers and decimals, share by share."""
    unit, wanted = Decimal(1).scaleb(-digits), Decimal(repr(float(printed))).quantize(Decimal(1).scaleb(-digits))
    shares = [Decimal(100 * k) / n for k in range(n + 1)]
    return any(wanted in (s.quantize(unit, ROUND_DOWN), s.quantize(unit, ROUND_HALF_EVEN)) for s in shares)


def _named(name: str, make: Callable, count: int) -> dict[str, Callable[[], tuple]]:
    return {f"{name}, {case}": arguments for case, arguments in drawn(make, count).items()}


POSSIBLE = Exercise(
    name="possible",
    lesson=14,
    title="Can this number be?",
    minutes=5,
    task="Of $n$ test images, $k$ are found: the recall is $100 k / n$ percent, and no other value can occur. A table "
    "prints it with some digits, *rounded or cut off*. Can the printed number be a recall on $n$ images?",
    hints=(
        "All that can be: `shares = 100 * np.arange(n + 1) / n`.",
        "Rounded: `np.round(shares, digits)`. Cut off: `np.floor(shares * 10**digits) / 10**digits`. Compare with "
        "`np.isclose(..., printed)`, and one hit is enough.",
    ),
    expected="On 23 images 73.9 can be (17 of 23) and 72.2 cannot; 86.9 can be, cut off from 86.956.",
    stub='''
def my_possible(printed, n, digits):
    """printed: percent; n: test images; digits: behind the point. Returns True if some k of n gives it."""
    ...
''',
    solution="""
def my_possible(printed, n, digits):
    shares = 100 * np.arange(n + 1) / n
    rounded = np.round(shares, digits)
    cut = np.floor(shares * 10**digits) / 10**digits
    return bool(np.isclose(rounded, printed).any() or np.isclose(cut, printed).any())
""",
    cases={
        **_named("cut off", lambda random: _printed(True, random), 8),
        **_named("rounded", lambda random: _printed(False, random), 8),
        **_named("near no share", _shifted, 6),
        "all of them": lambda: (100.0, 23, 1),
        "none of them": lambda: (0.0, 23, 1),
        "near a share": lambda: (56.6, 23, 1),
    },
    truth=_occurs,
    rule="True where some k of n, rounded or cut off, is what was printed",
    slips=(
        Slip(
            " or np.isclose(cut, printed).any()",
            "",
            "Some tables cut off: 86.956 is printed as 86.9. Try both.",
        ),
        Slip("np.isclose(rounded, printed).any() or ", "", "Most tables round: 56.52 is 56.5, 8.696 is 8.7. Try both."),
        Slip("np.arange(n + 1)", "np.arange(n)", "All n may be found: k runs from 0 to n."),
        Slip(".any()", ".all()", "One k that fits is enough: any, not all."),
        Slip(
            "np.isclose(rounded, printed).any() or np.isclose(cut, printed).any()",
            "(abs(shares - printed) < 50 / n).any()",
            "Every number is that near to a share: compare what would be *printed*.",
        ),
        Slip("100 * np.arange", "np.arange", "The number is in percent: a share is 100 k / n."),
    ),
    so_what="This is called the GRIM test (Brown and Heathers 2017): it needs nothing but the table and n. What fails "
    "may be a misprint, another n than the text says, or a mean of several runs. Ask which.",
)


def _exactly(k: int, n: int) -> list[float]:
    """By halving: the recalls at which k or more, and k or fewer, have a chance of 0.025."""

    def at_least(p: float, least: int) -> float:
        return sum(comb(n, j) * p**j * (1 - p) ** (n - j) for j in range(least, n + 1))

    def where(function: Callable[[float], float]) -> float:
        low, high = 0.0, 1.0
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if function(middle) < 0 else (low, middle)
        return low

    lower = where(lambda p: at_least(p, k) - 0.025) if k else 0.0
    upper = where(lambda p: 0.025 - (1 - at_least(p, k + 1))) if k < n else 1.0
    return [lower, upper]


def _found(random: np.random.Generator) -> tuple[int, int]:
    n = int(random.integers(10, 60))
    return int(random.integers(1, n)), n


INTERVAL = Exercise(
    name="binomial",
    lesson=14,
    title="How sure is one run's recall?",
    minutes=5,
    task="A paper found $k$ of $n$ images. Which recalls $p$ agree with that? All between the $p$ at which *k or more* "
    "would be found in 2.5 % of such tests, and the $p$ at which *k or fewer* would be (Clopper and Pearson 1934). "
    "`beta.ppf(0.025, k, n - k + 1)` is the first, `beta.ppf(0.975, k + 1, n - k)` the second.",
    hints=(
        "`from scipy.stats import beta` inside your function, then two lines.",
        "With k = 0 the lower end is 0, with k = n the upper one is 1: the formula gives NaN there, so ask first.",
    ),
    expected="k = 12, n = 23: from 0.306 to 0.732. k = 0, n = 10: from 0 to 0.308.",
    stub='''
def my_interval(k, n):
    """k of n images were found. Returns (low, high) of the 95 % interval."""
    ...
''',
    solution="""
def my_interval(k, n):
    from scipy.stats import beta
    low = beta.ppf(0.025, k, n - k + 1) if k > 0 else 0.0
    high = beta.ppf(0.975, k + 1, n - k) if k < n else 1.0
    return low, high
""",
    cases={**drawn(_found), "none is found": lambda: (0, 10), "all are found": lambda: (12, 12)},
    truth=_exactly,
    rule="the two ends at which a result as far off has a chance of 2.5 %",
    slips=(
        Slip(
            "low = beta.ppf(0.025, k, n - k + 1) if k > 0 else 0.0\n"
            "    high = beta.ppf(0.975, k + 1, n - k) if k < n else 1.0",
            "low = beta.ppf(0.05, k, n - k + 1) if k > 0 else 0.0\n"
            "    high = beta.ppf(0.95, k + 1, n - k) if k < n else 1.0",
            "That leaves 5 % at each end: 95 % need 2.5 % at each.",
        ),
        Slip(
            " if k > 0 else 0.0",
            "",
            "Right but for k = 0, where the formula has no lower end: it is 0.",
        ),
        Slip(
            "    low = ",
            "    k = n - k\n    low = ",
            "That is the interval of what was *missed*: k is what was found.",
        ),
        Slip(
            "",
            "p = k / n\nhalf = 1.96 * (p * (1 - p) / n) ** 0.5\nreturn p - half, p + half",
            "That is the rule of thumb of lesson 11: with few images, or near 0 and 1, it is too narrow. Take the "
            "quantiles.",
        ),
        Slip("return low, high", "return n * low, n * high", "Those are counts of images: return shares."),
    ),
    so_what="An interval of one run takes the test images into account, and not the seed: the truth is wider still.",
)


def _several(random: np.random.Generator) -> tuple[dict[int, float]]:
    true = random.uniform(60, 90, 2)
    tables = random.choice(np.arange(2, 11), int(random.integers(3, 6)), replace=False)
    noise = random.choice([0.0, 0.04, 0.3, 0.6, 1.7], len(tables))
    return ({int(table): round(float(true[0] + shift), 2) for table, shift in zip(tables, noise, strict=True)},)


def _apart(values: dict[int, float]) -> list[list[int]]:
    hundredths = {table: round(100 * value) for table, value in values.items()}
    return [[a, b] for a in sorted(values) for b in sorted(values) if a < b and abs(hundredths[a] - hundredths[b]) > 10]


DISAGREE = Exercise(
    name="disagree",
    lesson=14,
    title="Which tables disagree?",
    minutes=4,
    task="The same setting stands in several tables. Find each pair of tables that *cannot mean the same number*: one "
    "may have rounded and the other cut off, so up to 0.1 apart (and 1e-9, against rounding of ours) they may.",
    hints=(
        "`sorted(values)` are the tables. Two loops, or `itertools.combinations(sorted(values), 2)`.",
        "Keep a pair where `abs(values[a] - values[b]) > 0.1 + 1e-9`.",
    ),
    expected="`{2: 77.2, 4: 77.7, 10: 77.69}` gives `[(2, 4), (2, 10)]`.",
    stub='''
def my_disagree(values):
    """values: table -> what it prints. Returns the pairs (smaller, larger table), in order."""
    ...
''',
    solution="""
def my_disagree(values):
    pairs = []
    for a in sorted(values):
        for b in sorted(values):
            if a < b and abs(values[a] - values[b]) > 0.1 + 1e-9:
                pairs.append((a, b))
    return pairs
""",
    cases={**drawn(_several, 10), "rounded and cut off": lambda: ({4: 77.7, 10: 77.69, 2: 77.6},)},
    truth=_apart,
    rule="each pair whose values are more than 0.1 apart",
    slips=(
        Slip("> 0.1 + 1e-9", "> 0", "77.7 and 77.69 are the same number, rounded: up to 0.1 apart they agree."),
        Slip("a < b and ", "a != b and ", "Each pair stands there twice: (2, 4) and (4, 2) are one."),
        Slip("abs(values[a] - values[b])", "values[a] - values[b]", "The later table may have the higher value: abs."),
        Slip("for a in sorted(values):", "for a in sorted(values)[:1]:", "Two later tables can disagree as well."),
        Slip("> 0.1 + 1e-9", "> 0.5", "Half a point is no rounding: 77.2 and 77.69 are two results."),
    ),
    so_what="One of two numbers that disagree is wrong, or there was a second run that nobody mentions. A second run "
    "would be good news: it shows how far two of them are apart.",
)


def _reported(random: np.random.Generator) -> tuple[float, float, int]:
    n = int(random.integers(20, 120))
    right = int(random.integers(max(3, n // 5), n + 1))
    false = int(random.integers(0, right + 1))
    return round(100 * right / n, 1), round(100 * right / (right + false), 1), n


def _counted(recall: float, precision: float, n: int) -> list[int]:
    """By trying: the counts whose recall and precision are nearest to those printed."""
    right = min(range(n + 1), key=lambda k: abs(100 * k / n - recall))
    false = min(range(3 * n), key=lambda f: abs(100 * right / (right + f) - precision))
    return [right, n - right, false]


COUNTS = Exercise(
    name="counts",
    lesson=14,
    title="From two percentages back to images",
    minutes=4,
    task="A class has $n$ test images. From its printed recall and precision, in percent, get the images back: how "
    "many were found, how many were missed, and how many images of *other* classes were called so.",
    hints=(
        "Found: `recall` percent of n, and images are whole: `round(...)`.",
        "All that are *called* so are found / precision. Which of them are not of the class?",
    ),
    expected="Recall 60.0, precision 75.0, n = 20: 12 found, 8 missed, 4 false alarms.",
    stub='''
def my_counts(recall, precision, n):
    """recall, precision: percent; n: images of the class. Returns found, missed, false alarms."""
    ...
''',
    solution="""
def my_counts(recall, precision, n):
    found = round(recall / 100 * n)
    called = round(found / (precision / 100))
    return found, n - found, called - found
""",
    cases=drawn(_reported, 8),
    truth=_counted,
    rule="found, missed, and called so but not of the class, as whole images",
    slips=(
        Slip(
            "round(found / (precision / 100))",
            "round(n / (precision / 100))",
            "Precision is the share of what was *found* among what is called so: not of all n.",
        ),
        Slip("called - found\n", "called\n", "That is all that is called so: take off what is right."),
        Slip(
            "n - found, called - found",
            "called - found, n - found",
            "Missed and false alarms are swapped: missed images are of the class.",
        ),
        Slip(
            "round(found / (precision / 100))",
            "found + round((1 - precision / 100) * n)",
            "The share 1 - precision is one of those *called* so, not of n.",
        ),
        Slip(
            "round(recall / 100 * n)",
            "recall / 100 * n",
            "Images are whole: round.",
        ),
    ),
    so_what="A recall alone hides the false alarms. With the precision beside it, anyone can count them.",
)


def _set(random: np.random.Generator) -> tuple[int, int, int]:
    images = int(random.integers(300, 3000))
    return images, int(random.integers(5, images // 12)), int(random.integers(8, 65))


def _batches(images: int, boxed: int, batch: int) -> list[float]:
    """Image by image: none of those drawn so far had a box."""
    empty = 1.0
    for drawn_before in range(batch):
        empty *= (images - boxed - drawn_before) / (images - drawn_before)
    return [images / boxed, empty]


BATCHES = Exercise(
    name="batches",
    lesson=14,
    title="What 'averaged over all training images' does",
    minutes=4,
    task="`boxed` of all training `images` have a box. The mean of the attention loss over *all* images, where those "
    "without a box count 0, is how many times smaller than the mean over the boxed ones? And in what share of the "
    "batches, drawn without putting back, is there no box at all? (`math.comb(n, k)` is the number of ways.)",
    hints=(
        "The sum is the same, so the factor is that of what it is divided by.",
        "Ways to draw a batch from the images without a box, over all ways to draw one.",
    ),
    expected="The paper's skin data, 8012 images, 92 with a box, batches of 96: 87.1 and 0.33.",
    stub='''
def my_batches(images, boxed, batch):
    """Three numbers of images. Returns the factor, and the share of batches without a box."""
    ...
''',
    solution="""
def my_batches(images, boxed, batch):
    from math import comb
    factor = images / boxed
    empty = comb(images - boxed, batch) / comb(images, batch)
    return factor, empty
""",
    cases=drawn(_set, 6),
    truth=_batches,
    rule="images / boxed, and the chance that a batch is drawn from those without a box",
    slips=(
        Slip("images / boxed", "boxed / images", "That is the other way up: how many times *smaller*?"),
        Slip("images / boxed", "batch / boxed", "The mean is over all images, so the size of a batch drops out."),
        Slip(
            "comb(images - boxed, batch) / comb(images, batch)",
            "(1 - boxed / images) ** batch",
            "Nearly: but within an epoch no image comes twice, so draw without putting back.",
        ),
        Slip(
            "comb(images - boxed, batch) / comb(images, batch)",
            "1 - comb(images - boxed, batch) / comb(images, batch)",
            "That is the share *with* a box.",
        ),
        Slip(
            "comb(images - boxed, batch) / comb(images, batch)",
            "comb(images - boxed, batch)",
            "That is a number of ways: divide by all ways.",
        ),
    ),
    so_what="Two readings of five words: α = 0.5 of the one is α = 0.006 of the other. Nobody would notice from the "
    "text.",
)


def _head(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray, int]:
    return random.normal(size=4), random.normal(size=(4, 6)), int(random.integers(4))


def _by_differences(scores: np.ndarray, weights: np.ndarray, c: int) -> list[float]:
    """By moving each channel a little: the loss is -log p_c of scores + weights @ pooled."""

    def loss(pooled: np.ndarray) -> float:
        y = scores + weights @ pooled
        return float(np.log(np.exp(y - y.max()).sum()) + y.max() - y[c])

    step = 1e-5 * np.eye(weights.shape[1])
    return [(loss(each) - loss(-each)) / 2e-5 for each in step]


SIGN = Exercise(
    name="loss_weights",
    lesson=14,
    title="The weights of Algorithm 2, on paper",
    minutes=5,
    level="bonus",
    task="The network ends in pooling and a linear layer: scores $y = W a + b$ of the pooled channels $a$. Eq. 2 takes "
    "the gradient of the score, $\\partial y_c / \\partial a = W_c$. Algorithm 2 takes that of the loss "
    "$L_c = -\\log p_c$: $\\partial L_c / \\partial a = \\sum_j (p_j - [j = c])\\, W_j$, with $p$ the softmax of $y$ "
    "and $[j = c]$ 1 for the true class and 0 else. Write it.",
    hints=(
        "p: `np.exp(y)` divided by its sum. Then subtract 1 from p at place c (in a copy).",
        "`q @ W` multiplies each row of W with its number and sums: (c,) times (c, k) is (k,).",
    ),
    expected="Scores `[0, 0]`, weights `[[2, 0], [0, 4]]`, c = 0: `[-1, 2]`. Eq. 2 has `[2, 0]` there.",
    stub='''
def my_loss_weights(y, W, c):
    """y (classes,): scores; W (classes, k); c: the true class. Returns the gradient of the loss by a, (k,)."""
    ...
''',
    solution="""
def my_loss_weights(y, W, c):
    p = np.exp(y) / np.exp(y).sum()
    q = p - (np.arange(len(y)) == c)
    return q @ W
""",
    cases=drawn(_head, 5),
    truth=_by_differences,
    rule="the rows of W, each times p, that of the true class times p - 1",
    slips=(
        Slip(
            "p - (np.arange(len(y)) == c)",
            "(np.arange(len(y)) == c) - p",
            "That is the gradient of log p: the loss has a minus in front of it.",
        ),
        Slip("return q @ W", "return W[c]", "That is Eq. 2, the gradient of the score. Here the loss is asked for."),
        Slip("return q @ W", "return q[c] * W[c]", "The other classes' scores stand in the softmax, too: sum over j."),
        Slip("q = p - (np.arange(len(y)) == c)", "q = p", "The true class counts p - 1, not p."),
        Slip("np.exp(y) / np.exp(y).sum()", "y", "p is the softmax of the scores, not the scores."),
    ),
    so_what="p - 1 is never positive: what speaks for the class gets a negative weight. The surer the network, the "
    "smaller they all are, and with p = 1 the map is 0 everywhere: then min-max divides by 0.",
)

FIRST = Choice(
    name="first_question",
    lesson=14,
    title="One question to the authors of LUMA",
    minutes=2,
    variable="my_question",
    task="You may ask the authors of this made-up paper one question. Which answer would tell most "
    "about whether LUMA works?",
    choices={
        "a": (
            "Which recall is right, since 78.0 % and 71.4 % cannot occur on 15 images?",
            "worth asking, and it may turn up a second test set. But any of the nearest values leaves the claim as "
            "it is: on 15 images neither could be told from the baseline.",
        ),
        "b": (
            "What does the baseline reach with the same 100 further epochs, over five seeds, without choosing an "
            "epoch?",
            "it repairs the control, the choice and the chance at once: all else can stay as it was.",
        ),
        "c": ("Would you share your code and the trained weights?", "code shows how; it does not give a control."),
        "d": (
            "Is the penalty averaged over the boxed images or over all of them, and is the cross-entropy weighted "
            "by class or not, and if so how?",
            "needed to build it. Whether it works is another question, and comes first.",
        ),
        "e": ("Why was no transformer tried?", "a wish, not a hole in the argument."),
    },
    right="b",
    so_what="Ask for the one run that could overturn the claim: it is fair, cheap for them, and decides.",
)

EXERCISES = (POSSIBLE, INTERVAL, DISAGREE, COUNTS, BATCHES, SIGN, FIRST)
