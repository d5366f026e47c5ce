"""Exercises of lesson 4: the attention loss."""

import numpy as np

from carekit.course.exercises.exercise import Exercise, Slip, drawn


def _map_and_mask(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    m_in = np.zeros((5, 6))
    m_in[1:4, 2 : int(random.integers(4, 6))] = 1
    return random.random((5, 6)) * 0.8, m_in


def _mean(F: np.ndarray, mask: np.ndarray) -> float:
    values = [float(F[place]) for place in np.ndindex(*F.shape) if mask[place]]
    return sum(values) / len(values) if values else 0.0


def _near_the_knee(factor: float, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray, float]:
    F, m_in = _map_and_mask(random)
    return F, m_in, _mean(F, m_in) * factor


def _dark(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray, float]:
    """Even the sum inside is below tau."""
    F, m_in = _map_and_mask(random)
    return 0.02 * F, m_in, 0.7


_KNEE = {
    **{f"below tau, {name}": make for name, make in drawn(lambda random: _near_the_knee(1.3, random), 3).items()},
    "a dark map": lambda: _dark(np.random.default_rng(8)),
    **{f"above tau, {name}": make for name, make in drawn(lambda random: _near_the_knee(0.6, random), 3).items()},
}

INNER = Exercise(
    name="inner_loss",
    cell="exercise",
    lesson=4,
    title="Write Eq. 6, with its knee",
    minutes=5,
    task="$L_{in}$ falls as the mean activation inside the box rises, until the mean reaches τ. Then it stays (NumPy).",
    hints=(
        "The mean inside: the sum of `F * M_in`, over the number of pixels inside, `M_in.sum()`.",
        "Of two numbers: `min(mean, tau)`. And a loss that falls as something rises has a minus in front.",
    ),
    expected="`F = [[0.2, 0.6]]`, `M_in = [[1, 1]]`: with tau 0.7 it is -0.4, with tau 0.3 it is -0.3.",
    stub='''
def my_inner_loss(F, M_in, tau):
    """F (h, w) in [0, 1], M_in (h, w) of 0 and 1, a number tau. Returns L_in of this image."""
    ...
''',
    solution="""
def my_inner_loss(F, M_in, tau):
    inside = (F * M_in).sum() / M_in.sum()
    return -min(inside, tau)
""",
    cases=_KNEE,
    truth=lambda F, M_in, tau: -min(_mean(F, M_in), tau),
    rule="minus the mean inside, but never below -tau",
    slips=(
        Slip("-min(inside, tau)", "min(inside, tau)", "The sign: the loss falls as activation inside rises."),
        Slip("/ M_in.sum()", "/ M_in.size", "Divide by the number of pixels inside the box, not by all."),
        Slip("-min(inside, tau)", "-max(inside, tau)", "min, not max: beyond tau more activation earns nothing."),
        Slip("-min(inside, tau)", "-inside", "Right below tau, but above it the loss must stay at -tau."),
        Slip(
            "/ M_in.sum()",
            "/ F.sum()",
            "That is the *share* of the map inside (lesson 3): Eq. 6 has the *mean* inside, so divide by the box's "
            "pixels.",
        ),
        Slip(
            " / M_in.sum()",
            "",
            "That is the sum inside, nearly always above tau: divide by the number of pixels inside.",
        ),
        Slip("-min(inside, tau)", "-min(inside / tau, 1)", "Tau is where the loss stops, not a unit to measure in."),
        Slip(
            "(F * M_in).sum() / M_in.sum()",
            "np.minimum(F, tau)[M_in > 0].mean()",
            "The limit is put on each pixel: Eq. 6 puts it on their mean.",
        ),
    ),
    so_what="Why a knee at all? A box has corners that no lesion fills. Without tau the loss would ask for them too.",
)


def _map_and_outside(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    F, m_in = _map_and_mask(random)
    return F, 1 - m_in


OUTER = Exercise(
    name="outer_loss",
    lesson=4,
    title="Write Eq. 7, and survive a box that fills the image",
    minutes=4,
    task="$L_{out}$ is the mean activation outside. Some lesions fill the whole picture: then $M_{out}$ is empty, "
    "and the "
    "loss should be 0.",
    hints=(
        "The same form as Eq. 6, without a minus and without tau.",
        "Ask for `M_out.sum()` before you divide by it.",
    ),
    expected="`F = [[0.2, 0.6]]`: with `M_out = [[0, 1]]` it is 0.6, with `[[0, 0]]` it is 0.",
    stub='''
def my_outer_loss(F, M_out):
    """F (h, w) in [0, 1], M_out (h, w) of 0 and 1, perhaps all 0. Returns L_out of this image."""
    ...
''',
    solution="""
def my_outer_loss(F, M_out):
    if M_out.sum() == 0:
        return 0.0
    return (F * M_out).sum() / M_out.sum()
""",
    cases={
        **drawn(_map_and_outside, 4),
        "an empty M_out": lambda: (np.random.default_rng(9).random((5, 6)), np.zeros((5, 6))),
    },
    truth=_mean,
    rule="the mean outside, and 0 where there is no outside",
    slips=(
        Slip(
            "    if M_out.sum() == 0:\n        return 0.0\n",
            "",
            "Right but for an empty M_out: 0/0 is NaN, and one NaN in a batch makes all weights of the network NaN.",
        ),
        Slip("return (F", "return -(F", "The sign: activation outside is to fall, so it is the loss as it is."),
        Slip("/ M_out.sum()", "/ M_out.size", "Divide by the number of pixels outside, not by all."),
        Slip(
            "(F * M_out).sum() / M_out.sum()",
            "(F * (1 - M_out)).sum() / (1 - M_out).sum()",
            "That is the mean inside: M_out is already 1 outside.",
        ),
        Slip(
            "(F * M_out).sum() / M_out.sum()",
            "(F * M_out).sum() / (M_out.sum() + 1)",
            "A 1 in the denominator avoids 0/0, but makes every loss too small.",
        ),
    ),
    so_what="One image in thousands has such a box. In an epoch of a night's training it is met with certainty.",
)

TOTAL = Exercise(
    name="total_loss",
    lesson=4,
    title="Put Eqs. 4 and 5 together",
    minutes=3,
    level="warm-up",
    task="$L_a = L_{in} + \\lambda L_{out}$ and $L = (1 - \\alpha) L_c + \\alpha L_a$.",
    hints=("Two lines, in the order of the equations.", "Alpha weighs attention, 1 - alpha the classification."),
    expected="L_c = 2, L_in = -0.5, L_out = 0.25, alpha = 0.5, lam = 2: L_a = 0 and L = 1.",
    stub='''
def my_total(L_c, L_in, L_out, alpha, lam):
    """Five numbers. Returns L."""
    ...
''',
    solution="""
def my_total(L_c, L_in, L_out, alpha, lam):
    L_a = L_in + lam * L_out
    return (1 - alpha) * L_c + alpha * L_a
""",
    cases=drawn(
        lambda random: (
            *(float(x) for x in random.random(3) * [2, -0.7, 0.5]),
            *map(float, random.choice([0.1, 0.3, 0.8], 1)),
            1.0 + float(random.random()),
        )
    ),
    truth=lambda L_c, L_in, L_out, alpha, lam: L_c + alpha * (L_in - L_c) + alpha * lam * L_out,
    rule="(1 - alpha) L_c + alpha (L_in + lam L_out)",
    slips=(
        Slip(
            "(1 - alpha) * L_c + alpha * L_a", "alpha * L_c + (1 - alpha) * L_a", "Alpha is the weight of *attention*."
        ),
        Slip("L_in + lam * L_out", "lam * L_in + L_out", "Lambda weighs the outside."),
        Slip("(1 - alpha) * L_c", "L_c", "The classification loss has the weight 1 - alpha."),
        Slip("L_in + lam * L_out", "L_in - lam * L_out", "L_in carries its minus already: both are added."),
        Slip("L_in + lam * L_out", "L_in + L_out", "Lambda is missing."),
    ),
    so_what="With alpha = 0 nothing of the boxes is left: that is the fair control of lesson 5, for free.",
)


def _some_boxed(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    has_box = random.permutation([True, True, False, False, False, False, False, True])
    return np.where(has_box, random.normal(size=8), 9.0), has_box


AVERAGE = Exercise(
    name="average_boxed",
    lesson=4,
    title="Average over the boxed images only",
    minutes=4,
    task="Most images of a batch have no box, and what stands in `each` for them means nothing. $L_a$ of the batch "
    "is the "
    "mean over the images *with* a box; without any it is 0.",
    hints=("`each[has_box]` keeps the images with a box.", "The mean of nothing is NaN: ask `has_box.any()` first."),
    expected="`each = [-0.4, 9, -0.2]`, `has_box = [True, False, True]` give -0.3.",
    stub='''
def my_attention_of_batch(each, has_box):
    """each (b,): L_in + lam L_out of each image; has_box (b,): True or False. Returns L_a of the batch."""
    ...
''',
    solution="""
def my_attention_of_batch(each, has_box):
    if not has_box.any():
        return 0.0
    return each[has_box].mean()
""",
    cases={**drawn(_some_boxed), "no box in the batch": lambda: (np.full(4, 9.0), np.zeros(4, bool))},
    truth=lambda each, has_box: (
        sum(x for x, boxed in zip(each.tolist(), has_box.tolist(), strict=True) if boxed) / max(1, int(sum(has_box)))
    ),
    rule="the mean over the images with a box, 0 where there are none",
    slips=(
        Slip(
            "each[has_box].mean()",
            "(each * has_box).mean()",
            "The sum is right, but it is divided by the whole batch: the fewer boxes, the weaker the loss (trap 2).",
        ),
        Slip(
            "    if not has_box.any():\n        return 0.0\n",
            "",
            "Right but for a batch without boxes: the mean of nothing is NaN.",
        ),
        Slip(
            "each[has_box].mean()", "each[has_box].sum()", "That is the sum: batches with more boxes would pull harder."
        ),
        Slip(
            "each[has_box].mean()",
            "each.mean()",
            "Images without a box are counted as well: what stands there means nothing.",
        ),
        Slip("each[has_box].mean()", "each[~has_box].mean()", "Those are the images *without* a box."),
    ),
    so_what="With 92 boxes in 8,012 images, dividing by the batch would make the loss 87 times weaker, and nobody "
    "would see "
    "it: training runs, and CARE 'does not help'.",
)


def _pushed(F: np.ndarray, M_in: np.ndarray, tau: float) -> np.ndarray:
    """Finite differences of Eq. 6."""
    gradient, step = np.zeros(F.shape), 1e-6
    for place in np.ndindex(*F.shape):
        up, down = F.copy(), F.copy()
        up[place] += step
        down[place] -= step
        gradient[place] = (min(_mean(down, M_in), tau) - min(_mean(up, M_in), tau)) / (2 * step)
    return gradient


KNEE = Exercise(
    name="knee",
    lesson=4,
    title="What does the inner loss ask of each pixel?",
    minutes=6,
    task="Write the gradient of $L_{in}$ by the map, $\\partial L_{in} / \\partial F_{ij}$, for every pixel. What is "
    "it "
    "below τ, and what above?",
    hints=(
        "Below tau, L_in is a sum of the pixels inside, each divided by the same number and with a minus.",
        "Above tau, L_in is the constant -tau. What is the gradient of a constant?",
    ),
    expected="`F = [[0.2, 0.6]]`, `M_in = [[1, 1]]`: with tau 0.7 it is `[[-0.5, -0.5]]`, with tau 0.3 `[[0, 0]]`.",
    stub='''
def my_push(F, M_in, tau):
    """F (h, w), M_in (h, w), a number tau. Returns the gradient of L_in by F, (h, w)."""
    ...
''',
    solution="""
def my_push(F, M_in, tau):
    inside = (F * M_in).sum() / M_in.sum()
    return np.where(inside < tau, -M_in / M_in.sum(), 0)
""",
    cases=_KNEE,
    truth=_pushed,
    rule="-M_in / sum(M_in) below tau, 0 above it",
    slips=(
        Slip("-M_in", "M_in", "The sign: the loss falls as a pixel inside rises."),
        Slip("inside < tau", "True", "Right below tau, but above it the loss is constant, and its gradient 0."),
        Slip("-M_in / M_in.sum()", "-M_in", "Each pixel is one of many in the mean: divide by their number."),
        Slip("-M_in /", "-F * M_in /", "The gradient of a mean does not depend on the values."),
        Slip("inside < tau", "F < tau", "Tau is compared with the mean, not with each pixel."),
        Slip("-M_in / M_in.sum()", "-np.ones(F.shape) / M_in.sum()", "Pixels outside do not enter L_in."),
    ),
    so_what="All pixels inside are pulled up equally, then let go all at once. An image above tau teaches nothing "
    "about the "
    "inside any more; only L_out still pushes.",
)

EXERCISES = (TOTAL, INNER, OUTER, AVERAGE, KNEE)
