"""Exercises of lesson 6: sweeps, and what luck does in them."""

import numpy as np
from scipy import stats

from carekit.course.exercises.exercise import Choice, Exercise, Slip, drawn, t_of

NOISE = Choice(
    name="noise",
    lesson=6,
    title="When may one setting be called better?",
    minutes=2,
    level="warm-up",
    cell="exercise",
    variable="my_rule",
    task="In the paper's Table 6, τ = 1 gives 78.3 % recall and τ = 0.7 gives 65.2 %, in one run each, on 23 test "
    "images. "
    "When may one setting be called better than another?",
    choices={
        "a": ("whenever its recall is higher", "of many settings that are equally good, one always comes out highest."),
        "b": (
            "when it is higher by more than two points",
            "with 23 test images a single one moves the recall by 4.3 points.",
        ),
        "c": (
            "when the interval of the paired difference over several seeds excludes zero",
            "so chance alone would rarely do it.",
        ),
        "d": (
            "when it has the best epoch of all settings, chosen by its recall on the test images",
            "that adds one more choice by the test images.",
        ),
        "e": (
            "when the neighbouring values of τ are good as well",
            "neighbours share their seeds and their luck; that is a hint, no proof.",
        ),
    },
    right="c",
    so_what="And where many settings are compared, expect one such 'finding' in twenty by chance.",
)


def _sizes(grid: list[dict], names: list[str]) -> list[list[float]]:
    return sorted([float(each[name]) for name in names] for each in grid)


def _grid(random: np.random.Generator) -> tuple[dict, dict]:
    centre = {"alpha": 0.5, "tau": 0.7, "lam": 2.0}
    sweeps = {name: sorted({value, *random.integers(1, 9, 3).tolist()}) for name, value in centre.items()}
    return centre, sweeps


def _one_at_a_time(centre: dict, sweeps: dict) -> list[list[float]]:
    wanted = [[float(centre[name]) for name in centre]]
    for place, name in enumerate(centre):
        for value in sweeps[name]:
            changed = list(wanted[0])
            changed[place] = float(value)
            if changed not in wanted:
                wanted.append(changed)
    return sorted(wanted)


GRID = Exercise(
    name="grid",
    lesson=6,
    title="A study's grid",
    minutes=6,
    task="Make the list of settings of a study that changes *one parameter at a time* around a centre. The centre "
    "itself, "
    "which is in every sweep, may stand in the list only once.",
    hints=(
        "`centre | {name: value}` is a copy of the centre with one value changed.",
        "A loop over the parameters, inside it one over the values; append a setting only if it is not in the list "
        "yet.",
    ),
    expected="Centre `{a: 1, b: 2}`, sweeps `{a: [1, 3], b: [2, 4]}`: three settings, (1, 2), (3, 2) and (1, 4).",
    stub='''
def my_grid(centre, sweeps):
    """centre: name -> value; sweeps: name -> values. Returns a list of dicts like the centre, none of them twice."""
    ...
''',
    solution="""
def my_grid(centre, sweeps):
    grid = []
    for name, values in sweeps.items():
        for value in values:
            setting = centre | {name: value}
            if setting not in grid:
                grid.append(setting)
    return grid
""",
    probe=lambda function, centre, sweeps: (
        _sizes(grid, list(centre)) if isinstance(grid := function(centre, sweeps), list) else grid
    ),
    cases=drawn(_grid),
    truth=_one_at_a_time,
    rule="one parameter changed at a time, each setting once",
    slips=(
        Slip(
            "if setting not in grid:",
            "if True:",
            "The centre stands in the list once for each parameter: leave doubles out.",
        ),
        Slip(
            "if setting not in grid:",
            "if setting != centre:",
            "The centre itself is missing: it belongs in the list, once.",
        ),
        Slip("in sweeps.items()", "in list(sweeps.items())[:1]", "Only the first parameter is swept."),
        Slip(
            "            setting = centre | {name: value}",
            "            setting = centre = centre | {name: value}",
            "The centre moves along: each setting must start from the centre that was given.",
        ),
        Slip(
            "",
            """
            import itertools
            return [dict(zip(sweeps, values)) for values in itertools.product(*sweeps.values())]
            """,
            "That is the full grid, every value with every other: here one parameter changes at a time.",
        ),
    ),
    so_what="Four parameters with five values are 17 settings one at a time, and 625 in a full grid; times seeds. "
    "The price is "
    "that settings which help only together are not found.",
)


def _recalls(random: np.random.Generator) -> tuple:
    """Recalls (settings, seeds): the seeds differ much, some settings gain a little, one much in one seed only."""
    seeds = random.uniform(0.1, 0.6, 5)
    gains = np.array([0.0, 0.06, -0.06, 0.02])[:, None] + random.normal(size=(4, 5)) * 0.02
    gains[3, 0] += 0.4
    return seeds + gains, seeds, t_of


def _told(recall: np.ndarray, control: np.ndarray, _: object) -> list[bool]:
    found = []
    for row in recall:
        low = stats.ttest_rel(row, control).confidence_interval(0.95).low
        found.append(bool(low > 0))
    return found


SWEEP = Exercise(
    name="paired_sweep",
    lesson=6,
    title="Which settings beat the control?",
    minutes=6,
    task="For each setting of a sweep: does it beat the control, so that chance can be excluded? That is: is the "
    "lower end "
    "of the 95 % interval of the *paired* difference above 0? `t_of(n)` is Student's t for n seeds.",
    hints=(
        "`d = recall - control` has a row for each setting, a column for each seed.",
        "Mean and `std(ddof=1)` over axis 1; then `mean - half > 0`.",
    ),
    expected="An array of True and False, one for each setting.",
    stub='''
def my_better(recall, control, t_of):
    """recall (settings, seeds), control (seeds,). Returns for each setting whether it beats the control."""
    ...
''',
    solution="""
def my_better(recall, control, t_of):
    d = recall - control
    n = d.shape[1]
    half = t_of(n) * d.std(1, ddof=1) / n**0.5
    return d.mean(1) - half > 0
""",
    cases=drawn(_recalls, 12),
    truth=_told,
    rule="True where the paired interval lies above zero",
    slips=(
        Slip(
            "d.mean(1) - half > 0",
            "d.mean(1) > 0",
            "A higher mean is not enough: the whole interval must lie above zero.",
        ),
        Slip(
            "d.mean(1) - half > 0",
            "abs(d.mean(1)) > half",
            "Settings that are *worse* count as well: ask for the lower end.",
        ),
        Slip(
            "half = t_of(n) * d.std",
            "half = t_of(n) * recall.std",
            "The spread is that of the recalls: take that of the differences, which leaves out what both share.",
        ),
        Slip("d.mean(1) - half > 0", "d.max(1) > half", "The best seed decides here: take the mean over the seeds."),
        Slip(
            "return d.mean(1) - half > 0",
            "return np.arange(len(d)) == d.mean(1).argmax()",
            "That is the best setting: better than the rest is not better than chance.",
        ),
    ),
    so_what="Most settings of a sweep fall through. That is no disappointment but the result: the method does not "
    "hang on them.",
)


LUCK = Exercise(
    name="luck",
    lesson=6,
    title="How lucky is the best of twelve?",
    minutes=5,
    task="Twelve settings that are *all equally good* are measured, and the best one is reported; this is repeated "
    "many "
    "times. By how much does the best one, on average, look better than the truth?",
    hints=("In each repetition (row) the best one is the maximum.", "The mean of the maxima, minus the true recall."),
    expected="`[[0.2, 0.4], [0.3, 0.3]]` with the true recall 0.3: the best are 0.4 and 0.3, so 0.05.",
    stub='''
def my_luck(measured, true):
    """measured (repetitions, settings): recalls that differ by chance only; true: the recall of all. Returns the "
    "luck."""
    ...
''',
    solution="""
def my_luck(measured, true):
    return measured.max(1).mean() - true
""",
    cases=drawn(lambda random: (random.binomial(60, 0.3, (200, 12)) / 60, 0.3)),
    truth=lambda measured, true: sum(max(row) for row in measured.tolist()) / len(measured) - true,
    rule="the mean of the best of each repetition, minus the truth",
    slips=(
        Slip(
            "max(1).mean()",
            "max(0).mean()",
            "That is each setting's best repetition: the best *setting* of each repetition is asked.",
        ),
        Slip("max(1).mean()", "max()", "That is the best of all repetitions: take the best of each, then the mean."),
        Slip(" - true", "", "The true recall is still in it: subtract it."),
        Slip(
            "measured.max(1).mean()",
            "measured.mean()",
            "Without choosing the best there is no luck: that is near zero.",
        ),
        Slip(
            "measured.max(1).mean() - true",
            "(measured.max(1) - measured.min(1)).mean()",
            "That is how far best and worst are apart.",
        ),
    ),
    so_what="With 60 test images the best of twelve equal settings looks some ten points better than it is. Papers "
    "print the "
    "best of a table.",
)


def _fewest(sd: float, wanted: float, _: object) -> int:
    return next(n for n in range(2, 10_000) if stats.t.ppf(0.975, n - 1) * sd / n**0.5 <= wanted)


SEEDS = Exercise(
    name="how_many_seeds",
    lesson=6,
    title="How many seeds do you need?",
    minutes=5,
    task="The differences between CARE and its control have the standard deviation `sd` over seeds. What is the "
    "smallest "
    "number of seeds, at least 2, whose 95 % interval has a half-width of at most `wanted`?",
    hints=("The half-width of n seeds: `t_of(n) * sd / n ** 0.5`.", "Try n = 2, 3, ... until it is small enough."),
    expected="sd 0.06 and wanted 0.05: 9 seeds.",
    stub='''
def my_seeds(sd, wanted, t_of):
    """sd: of the paired differences; wanted: the half-width. Returns the smallest number of seeds."""
    ...
''',
    solution="""
def my_seeds(sd, wanted, t_of):
    n = 2
    while t_of(n) * sd / n**0.5 > wanted:
        n = n + 1
    return n
""",
    cases=drawn(lambda random: (float(random.uniform(0.04, 0.1)), float(random.uniform(0.02, 0.05)), t_of)),
    truth=_fewest,
    rule="the smallest n with t s / sqrt(n) <= wanted",
    slips=(
        Slip(
            "t_of(n) * sd",
            "1.96 * sd",
            "1.96 is for very many runs: for few, Student's t is larger, so it takes more seeds.",
        ),
        Slip("n**0.5 > wanted", "n**0.5 > 2 * wanted", "Half the width is asked, not the whole."),
        Slip("n**0.5 > wanted", "n > wanted", "The half-width falls with the root of n, not with n."),
        Slip("return n", "return n - 1", "That one is not yet narrow enough: one more."),
        Slip("t_of(n) * sd", "t_of(n) * sd**2", "That is the variance: the half-width has the standard deviation."),
    ),
    so_what="Half the width costs four times the runs. Deciding the number beforehand is the cheapest improvement of "
    "a study.",
)

TREND = Exercise(
    name="trend",
    lesson=6,
    title="Is it a trend?",
    minutes=3,
    task="A parameter's trend is clear if the mean rises at every step of the sweep, or falls at every step.",
    hints=("`np.diff(means)` holds the steps.", "All above 0, or all below 0."),
    expected="`[0.50, 0.55, 0.53]` is none; `[0.525, 0.552, 0.567]` is one.",
    stub='''
def my_trend(means):
    """means: the mean at each value of a parameter, in order. Returns True if it always rises or always falls."""
    ...
''',
    solution="""
def my_trend(means):
    steps = np.diff(means)
    return bool((steps > 0).all() or (steps < 0).all())
""",
    cases={
        **drawn(lambda random: (random.random(3),), 10),
        "always falling": lambda: (np.array([0.6, 0.5, 0.2]),),
        "back to the start": lambda: (np.array([0.5, 0.7, 0.5]),),
        "flat at the end": lambda: (np.array([0.2, 0.5, 0.5]),),
        "up and down": lambda: (np.array([0.2, 0.7, 0.5]),),
    },
    truth=lambda means: any(
        all(a * sign < b * sign for a, b in zip(means.tolist(), means.tolist()[1:], strict=False)) for sign in (1, -1)
    ),
    rule="whether all steps have the same direction",
    slips=(
        Slip(" or (steps < 0).all()", "", "Falling at every step is a trend as well."),
        Slip(
            "bool((steps > 0).all() or (steps < 0).all())",
            "bool(means[-1] != means[0])",
            "The ends alone do not show what happens between them.",
        ),
        Slip("(steps > 0).all() or", "(steps > 0).any() or", "One rising step is not enough: all of them."),
        Slip("(steps > 0)", "(steps >= 0)", "A step of 0 does not rise."),
    ),
    so_what="In this course's sweeps attention follows lambda and alpha step by step. Three points in order are a "
    "hint, no proof: "
    "by chance alone it happens in one of three sweeps.",
)

EXERCISES = (NOISE, GRID, SWEEP, LUCK, SEEDS, TREND)
