"""Wrong answers that students gave: none is called right, none is told a mistake that it did not make."""

import numpy as np
import pytest
import torch

from carekit.course import exercises
from carekit.course.exercises.exercise import compiled

# exercise, arguments, body of the wrong function
CALLED_RIGHT_ONCE = [
    (
        "care_step",
        "logits, features, labels, m_in, has_box, alpha, tau, lam",
        """
    L_c = torch.nn.functional.cross_entropy(logits, labels)
    (g,) = torch.autograd.grad(logits.gather(1, labels[:, None]).sum(), features, retain_graph=True)
    F = (g.mean((2, 3), keepdim=True) * features).sum(1)[has_box]
    F = F - F.amin((1, 2), keepdim=True)
    F = F / F.amax((1, 2), keepdim=True)
    m = m_in[has_box]
    inside, outside = (F * m).sum() / m.sum(), (F * (1 - m)).sum() / (1 - m).sum()
    return (1 - alpha) * L_c + alpha * (-inside.clamp(max=tau) + lam * outside)
""",
    ),
    (
        "care_step",
        "logits, features, labels, m_in, has_box, alpha, tau, lam",
        """
    L_c = torch.nn.functional.cross_entropy(logits, labels)
    (g,) = torch.autograd.grad(logits.gather(1, labels[:, None]).sum(), features, retain_graph=True)
    F = (g.mean((2, 3), keepdim=True) * features).sum(1)[has_box]
    F = F - F.amin((1, 2), keepdim=True)
    F = F / F.amax((1, 2), keepdim=True)
    m = m_in[has_box]
    inside, outside = (F * m).sum((1, 2)) / m.sum((1, 2)), (F * (1 - m)).sum((1, 2)) / (1 - m).sum((1, 2))
    return (1 - alpha) * L_c + alpha * (-inside.mean().clamp(max=tau) + lam * outside.mean())
""",
    ),
    (
        "grad_cam",
        "logits, features, classes",
        """
    logits.gather(1, classes[:, None]).sum().backward()
    return (features.grad.mean((2, 3), keepdim=True) * features).sum(1)
""",
    ),
    (
        "paired_sweep",
        "recall, control, t_of",
        "d = recall - control; n = d.shape[1]; return d.mean(1) > t_of(n) * d.std(1) / n**0.5",
    ),
    (
        "paired_sweep",
        "recall, control, t_of",
        "d = recall - control; n = d.shape[1]; return d.mean(1) > 1.96 * d.std(1, ddof=1) / n**0.5",
    ),
    (
        "how_many_seeds",
        "sd, wanted, t_of",
        "return next(n for n in range(3, 999) if t_of(n - 1) * sd / n**0.5 <= wanted)",
    ),
    ("average_boxed", "each, has_box", "return each[each < 9].mean() if has_box.any() else 0.0"),
    ("possible", "printed, n, digits", "return bool((abs(100 * np.arange(n + 1) / n - printed) <= 0.05).any())"),
    ("possible", "printed, n, digits", "return abs(printed * n / 100 - round(printed * n / 100)) < 0.01"),
    ("rarest", "labels", "return np.bincount(labels).argmin(), 10"),
    ("rarest", "labels", "c = np.bincount(labels); return c.argmin(), c.max() // c.min()"),
    ("always_the_same", "labels, named", "return np.mean(labels == named), 1 / 3"),
    (
        "pointed",
        "maps, boxes, size",
        """
    hits = []
    for map_, own in zip(maps, boxes):
        i, j = np.unravel_index(map_.argmax(), map_.shape)
        y, x = (i + 0.5) * size / map_.shape[0], (j + 0.5) * size / map_.shape[0]
        hits.append(any(x0 <= x < x1 and y0 <= y < y1 for x0, y0, x1, y1 in own))
    return np.mean(hits)
""",
    ),
    (
        "pointed",
        "maps, boxes, size",
        """
    hits = []
    for map_, own in zip(maps, boxes):
        i, j = np.unravel_index(map_.argmax(), map_.shape)
        y, x = round((i + 0.5) * size / map_.shape[0]), round((j + 0.5) * size / map_.shape[1])
        hits.append(any(x0 <= x < x1 and y0 <= y < y1 for x0, y0, x1, y1 in own))
    return np.mean(hits)
""",
    ),
    (
        "choose_threshold",
        "iou, in_train",
        "c = iou[:, in_train].max(axis=1).argmax(); return c, iou[c, ~in_train].mean()",
    ),
    (
        "choose_threshold",
        "iou, in_train",
        "c = np.median(iou[:, in_train], 1).argmax(); return c, iou[c, ~in_train].mean()",
    ),
    (
        "box_of_map",
        "map_, threshold",
        """
    from scipy.ndimage import label
    parts = label(map_ > threshold, np.ones((3, 3)))[0]
    rows, columns = np.nonzero(parts == parts.flat[map_.argmax()])
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
""",
    ),
]


def verdict_on(name, arguments, body):
    lines = body if body.startswith("\n") else f"\n    {body}\n"
    function = exercises.EXERCISES.named(name).function
    return exercises.check(name, compiled(f"def {function}({arguments}):{lines}", function))


@pytest.mark.parametrize("answer", CALLED_RIGHT_ONCE, ids=lambda answer: f"{answer[0]} {answer[2].split()[-1]}")
def test_what_was_called_right_once_is_refused(answer):
    assert not verdict_on(*answer)


@pytest.mark.parametrize(
    ("name", "arguments", "body", "wrong", "words"),
    [
        (
            "confusion",
            "labels, predicted, classes",
            "table = np.zeros((classes, classes)); table[labels, predicted] += 1; return table",
            "with +=",
            "`+=` on whole arrays",
        ),
        ("peak_inside", "F, box", "return True", "use < there", "Right in"),
        ("paired_sweep", "recall, control, t_of", "return recall.mean(1) > control.max()", "The spread", "Right in"),
        (
            "inner_loss",
            "F, M_in, tau",
            "return min(-(F * M_in).sum() / M_in.sum(), -tau)",
            "min, not max",
            "min(-mean, -tau)",
        ),
        ("hires_cam", "features, gradient", "return (features * gradient).clip(0).sum(0)", "LayerCAM", "At [0, "),
        ("half_share", "M_in", "return 1 - M_in", "too dark", "0 everywhere inside the box"),
        (
            "focal",
            "logits, labels, gamma",
            """
    log_p = torch.log_softmax(logits, 1)[torch.arange(len(labels)), labels]
    return (-(1 - log_p.exp()).clamp(min=1e-12) ** gamma * log_p).mean().item()
""",
            "end with",
            "without `.item()`",
        ),
        (
            "loop",
            "model, batches, care, optimizer",
            """
    for images, labels, m_in, has_box in batches:
        logits, features = model(images)
        optimizer.zero_grad()
        care(logits, images, labels, m_in, has_box).total.backward()
        optimizer.step()
""",
            "frozen",
            "in place of the feature maps",
        ),
        (
            "loop",
            "model, batches, care, optimizer",
            """
    for images, labels, m_in, has_box in batches:
        logits, features = model(images)
        optimizer.zero_grad()
        care(logits, features, labels, m_in, has_box).attention.backward()
        optimizer.step()
""",
            "does not require grad",
            "the attention loss alone",
        ),
    ],
)
def test_no_mistake_is_named_that_was_not_made(name, arguments, body, wrong, words):
    verdict = verdict_on(name, arguments, body)
    assert not verdict and wrong not in repr(verdict) and words in repr(verdict)


def care_step(change_from, change_to):
    exercise = exercises.EXERCISES.named("care_step")
    assert change_from in exercise.solution
    return repr(
        exercises.check("care_step", compiled(exercise.solution.replace(change_from, change_to), exercise.function))
    )


@pytest.mark.parametrize(
    ("change_from", "change_to", "words"),
    [
        ("-inside.clamp", "inside.clamp", "L_in joins it: that gives 1.456"),
        ("clamp(max=tau)", "clamp(min=tau)", "L_in joins it"),
        ("cross_entropy(logits, labels)", "cross_entropy(logits[has_box], labels[has_box])", "only L_c is left"),
        ("outside = (F * (1 - m))", "outside = (F * F * (1 - m))", "L_out joins them"),
        ("(1 - alpha) * L_c + alpha * L_a", "alpha * L_c + (1 - alpha) * L_a", "With alpha = 0 only L_c is left: that"),
        (
            "(-inside.clamp(max=tau) + lam * outside)",
            "(-inside.clamp(max=tau) + lam**2 * outside)",
            "how alpha and lam",
        ),
        (
            "F = F / F.amax((1, 2), keepdim=True)",
            "F = F / F.amax((1, 2), keepdim=True).detach()",
            "its gradient is not",
        ),
        ("= m_in[has_box]", "= 0 * m_in[has_box]", "your loss is NaN"),
    ],
)
def test_of_a_wrong_care_step_the_term_is_named(change_from, change_to, words):
    assert words in care_step(change_from, change_to)


class MyMca:
    """A class in place of a function."""

    def __init__(self, labels, predicted):
        pass


async def my_mca(labels, predicted):
    return 0.5


def my_confusion(labels, predicted):
    return np.zeros((4, 4))


def test_classes_async_functions_and_other_exercises_functions_get_a_sentence():
    assert "MyMca is a class: give the function my_mca" in repr(exercises.check("mca", MyMca))
    assert "is async" in repr(exercises.check("mca", my_mca))
    assert "my_confusion belongs to another exercise: this one asks for my_mca" in repr(
        exercises.check("mca", my_confusion)
    )
    assert exercises.check("mca", lambda labels, predicted: exercises.EXERCISES["mca"].reference()(labels, predicted))


def test_a_row_of_numbers_is_compared_where_it_differs_first():
    assert "At [0] it should be " in repr(exercises.check("class_weights", lambda counts: np.arange(len(counts)) + 0.5))


def test_a_loss_that_is_no_tensor_hangs_on_no_graph():
    for answer in (lambda logits, *_: 0.5, lambda logits, *_: logits.sum().item(), lambda logits, *_: torch.ones(())):
        assert "hangs on no graph" in repr(exercises.check("care_step", answer))
