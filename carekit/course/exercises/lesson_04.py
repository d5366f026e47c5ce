"""Exercises of lesson 4: the attention loss."""

import numpy as np

from carekit.course.exercises.exercise import drawn, solution


def draw_map_and_mask(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    # Below 0.8 everywhere, so that a mean above the usual tau has to be asked for by a case.
    m_in = np.zeros((5, 6))
    m_in[1:4, 2 : int(random.integers(4, 6))] = 1
    return random.random((5, 6)) * 0.8, m_in


def mean_of_places(F: np.ndarray, mask: np.ndarray) -> float:
    """The mean over the places of a mask, one by one; 0 if it has none."""
    values = [float(F[i, j]) for i, j in np.argwhere(mask)]
    return sum(values) / max(1, len(values))


def draw_near_the_knee(factor: float, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray, float]:
    F, m_in = draw_map_and_mask(random)
    # Tau is set by the mean of this map, so that each case is surely on its side of the knee.
    return F, m_in, mean_of_places(F, m_in) * factor


def draw_dark(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray, float]:
    """Even the sum inside is below tau: a sum in place of the mean is then seen below the knee, too."""
    F, m_in = draw_map_and_mask(random)
    return 0.02 * F, m_in, 0.7


AROUND_THE_KNEE = {
    **drawn(lambda random: draw_near_the_knee(1.3, random), 3, "below tau, "),
    "a dark map": lambda: draw_dark(np.random.default_rng(8)),
    **drawn(lambda random: draw_near_the_knee(0.6, random), 3, "above tau, "),
}


@solution(cases=AROUND_THE_KNEE, truth=lambda F, M_in, tau: -min(mean_of_places(F, M_in), tau))
def my_inner_loss(F: np.ndarray, M_in: np.ndarray, tau: float) -> float:
    """F (h, w) in [0, 1], M_in (h, w) of 0 and 1, a number tau. Returns L_in of this image."""
    inside = (F * M_in).sum() / M_in.sum()
    return -min(inside, tau)


def draw_map_and_outside(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    F, m_in = draw_map_and_mask(random)
    return F, 1 - m_in


@solution(
    cases={
        **drawn(draw_map_and_outside, 4),
        # A box that fills the image: 0/0 gives NaN here, and one such image ruins a batch.
        "an empty M_out": lambda: (np.random.default_rng(9).random((5, 6)), np.zeros((5, 6))),
    },
    truth=mean_of_places,
)
def my_outer_loss(F: np.ndarray, M_out: np.ndarray) -> float:
    """F (h, w) in [0, 1], M_out (h, w) of 0 and 1, perhaps all 0. Returns L_out of this image."""
    if M_out.sum() == 0:
        return 0.0
    return (F * M_out).sum() / M_out.sum()


def draw_terms(random: np.random.Generator) -> tuple[float, ...]:
    # Alpha is never 0.5, where both weights are alike, and lambda never 1, where it goes unseen.
    L_c, L_in, L_out = (random.random(3) * [2, -0.7, 0.5]).tolist()
    return L_c, L_in, L_out, float(random.choice([0.1, 0.3, 0.8])), 1.0 + float(random.random())


@solution(
    cases=drawn(draw_terms),
    # Alpha as a step from L_c towards L_a, with all terms multiplied out.
    truth=lambda L_c, L_in, L_out, alpha, lam: L_c + alpha * (L_in - L_c) + alpha * lam * L_out,
)
def my_total(L_c: float, L_in: float, L_out: float, alpha: float, lam: float) -> float:
    """Five numbers. Returns L."""
    L_a = L_in + lam * L_out
    return (1 - alpha) * L_c + alpha * L_a


def draw_some_boxed(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    # What images without a box hold is of the same kind as the rest: only `has_box` tells them apart.
    has_box = random.permutation([True, True, False, False, False, False, False, True])
    return random.normal(size=8), has_box


@solution(
    cases={**drawn(draw_some_boxed), "no box in the batch": lambda: (np.full(4, 9.0), np.zeros(4, bool))},
    # A batch of two rows is a map, whose mean over places is at hand.
    truth=lambda each, has_box: mean_of_places(each[None], has_box[None]),
)
def my_attention_of_batch(each: np.ndarray, has_box: np.ndarray) -> float:
    """each (b,): L_in + lam L_out of each image; has_box (b,): True or False. Returns L_a of the batch."""
    if not has_box.any():
        return 0.0
    return each[has_box].mean()


def gradient_by_differences(F: np.ndarray, M_in: np.ndarray, tau: float) -> np.ndarray:
    """Finite differences of Eq. 6."""
    gradient, step = np.zeros(F.shape), 1e-6
    for place in np.ndindex(*F.shape):
        up, down = F.copy(), F.copy()
        up[place] += step
        down[place] -= step
        gradient[place] = (min(mean_of_places(down, M_in), tau) - min(mean_of_places(up, M_in), tau)) / (2 * step)
    return gradient


@solution(cases=AROUND_THE_KNEE, truth=gradient_by_differences)
def my_push(F: np.ndarray, M_in: np.ndarray, tau: float) -> np.ndarray:
    """F (h, w), M_in (h, w), a number tau. Returns the gradient of L_in by F, (h, w)."""
    inside = (F * M_in).sum() / M_in.sum()
    return np.where(inside < tau, -M_in / M_in.sum(), 0)
