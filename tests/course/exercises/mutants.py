"""Small changes of each solution, every one a mistake: the cases of its exercise must refuse all of them.

All of them: `python tests/course/exercises/mutants.py [NAME ...]` prints what survives, and how many were tried.
"""

import ast
import contextlib
import copy
import sys
import warnings
from collections.abc import Iterator

import numpy as np

from carekit.course.exercises import EXERCISES, Exercise
from carekit.course.exercises.checking import as_array, changed_argument, numbers_of, same
from carekit.course.exercises.exercise import compiled

OPERATORS = {
    ast.Add: [ast.Sub, ast.Mult],
    ast.Sub: [ast.Add],
    ast.Mult: [ast.Div, ast.Add],
    ast.Div: [ast.Mult, ast.FloorDiv],
    ast.FloorDiv: [ast.Div],
    ast.Pow: [ast.Mult],
    ast.MatMult: [ast.Mult],
    ast.BitAnd: [ast.BitOr],
    ast.BitOr: [ast.BitAnd],
    ast.Lt: [ast.LtE, ast.Gt],
    ast.LtE: [ast.Lt, ast.GtE],
    ast.Gt: [ast.GtE, ast.Lt],
    ast.GtE: [ast.Gt, ast.LtE],
    ast.Eq: [ast.NotEq, ast.LtE, ast.GtE],
    ast.NotEq: [ast.Eq],
    ast.In: [ast.NotIn],
    ast.NotIn: [ast.In],
    ast.And: [ast.Or],
    ast.Or: [ast.And],
}
NAMES = {
    "sum": ["mean", "max"],
    "mean": ["sum", "max"],
    "max": ["min", "mean"],
    "min": ["max", "mean"],
    "amax": ["amin"],
    "amin": ["amax"],
    "argmax": ["argmin"],
    "argmin": ["argmax"],
    "any": ["all"],
    "all": ["any"],
    "minimum": ["maximum"],
    "maximum": ["minimum"],
    "std": ["var"],
    "ceil": ["floor", "round"],
    "floor": ["ceil", "round"],
    "round": ["floor", "ceil"],
    "rankdata": ["ravel"],
    "exp": ["abs"],
    "log": ["abs"],
    "zeros": ["ones"],
    "softmax": ["log_softmax"],
    "log_softmax": ["softmax"],
    "cross_entropy": ["nll_loss"],
}


COMMUTE = ("min", "max", "minimum", "maximum", "isclose", "corrcoef")


def _replaced(node: ast.AST, local: list[str]) -> Iterator[ast.AST]:
    """What may take the place of an expression."""
    if isinstance(node, ast.BinOp):
        for operator in OPERATORS.get(type(node.op), []):
            yield ast.BinOp(node.left, operator(), node.right)
        yield from (node.left, node.right)
        if isinstance(node.op, ast.Sub | ast.Div | ast.Pow):
            yield ast.BinOp(node.right, node.op, node.left)
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        for operator in OPERATORS.get(type(node.ops[0]), []):
            yield ast.Compare(node.left, [operator()], node.comparators)
    if isinstance(node, ast.Compare) and len(node.ops) > 1:
        for place, kind in enumerate(node.ops):
            for operator in OPERATORS.get(type(kind), []):
                yield ast.Compare(node.left, [*node.ops[:place], operator(), *node.ops[place + 1 :]], node.comparators)
    if isinstance(node, ast.BoolOp):
        yield ast.BoolOp(OPERATORS[type(node.op)][0](), node.values)
        yield from node.values
    if isinstance(node, ast.UnaryOp):
        yield node.operand
    if isinstance(node, ast.IfExp):
        yield from (node.body, node.orelse)
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        yield from (ast.Constant(value) for value in (node.value + 1, node.value - 1, 2 * node.value + 0.5))
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    if isinstance(node, ast.Attribute):
        for name in NAMES.get(node.attr, []):
            yield ast.Attribute(node.value, name, node.ctx)
    if isinstance(node, ast.Call):
        for place in range(len(node.keywords)):
            yield ast.Call(node.func, node.args, [*node.keywords[:place], *node.keywords[place + 1 :]])
        if node.args:
            yield node.args[0]
            yield ast.Call(node.func, node.args[1:], node.keywords)
        if len(node.args) == 2 and ast.unparse(node.func).split(".")[-1] not in COMMUTE:
            yield ast.Call(node.func, node.args[::-1], node.keywords)
        if isinstance(node.func, ast.Attribute):
            yield node.func.value
    ordered = isinstance(node, ast.Tuple) and isinstance(node.ctx, ast.Load)
    if ordered and not all(isinstance(item, ast.Constant) for item in node.elts):  # axes may have any order
        for place in range(len(node.elts) - 1):
            swapped = list(node.elts)
            swapped[place], swapped[place + 1] = swapped[place + 1], swapped[place]
            yield ast.Tuple(swapped, node.ctx)
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
        yield node.value
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("bool", "float", "int"):
        return  # a number of another type is the same answer
    # Of a function that is given, such as Student's t, the number of one more and of one less.
    if isinstance(node, ast.Call) and ast.unparse(node.func) in local and isinstance(node.args[0], ast.Name):
        for operator in (ast.Add(), ast.Sub()):
            shifted = ast.BinOp(node.args[0], operator, ast.Constant(1))
            yield ast.Call(node.func, [shifted, *node.args[1:]], node.keywords)
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in local:
        yield from (ast.Name(name, node.ctx) for name in local if name != node.id)
        yield ast.UnaryOp(ast.USub(), node)
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        yield from (ast.Name(name, node.ctx) for name in NAMES.get(node.id, []) if name in ("sum", "max", "min"))
    if isinstance(node, ast.comprehension | ast.For):
        for bounds in (ast.Slice(None, ast.Constant(1)), ast.Slice(ast.Constant(1))):
            listed = ast.Call(ast.Name("list", ast.Load()), [node.iter], [])
            changed = copy.copy(node)
            changed.iter = ast.Subscript(listed, bounds, ast.Load())
            yield changed
    if isinstance(node, ast.comprehension) and node.ifs:
        yield ast.comprehension(node.target, node.iter, [], 0)
    if isinstance(node, ast.AugAssign):
        yield ast.Assign([node.target], node.value, lineno=0)
        yield ast.AugAssign(node.target, ast.Sub(), node.value)
    if isinstance(node, ast.If | ast.While):
        for test in (ast.Constant(True), ast.Constant(False)):
            changed = copy.copy(node)
            changed.test = test
            yield changed
    if isinstance(node, ast.Slice):
        for end in ("lower", "upper"):
            if (value := getattr(node, end)) is not None:
                for operator in (ast.Add(), ast.Sub()):
                    changed = copy.copy(node)
                    setattr(changed, end, ast.BinOp(value, operator, ast.Constant(1)))
                    yield changed
    if isinstance(node, ast.Assign | ast.AugAssign | ast.Expr):
        yield ast.Pass()
    if isinstance(node, ast.Return):
        yield ast.Return(ast.UnaryOp(ast.USub(), node.value))


# What is right as well: the changed line, or a part of it, and why. Whoever adds one gives the reason.
SAME = {
    "M_out.sum() <= 0": "a sum of 0 and 1 is never below 0",
    "M_out.mean() == 0": "0 if and only if the sum is",
    "M_out.max() == 0": "0 if and only if the sum is",
    "(-M_out).sum() == 0": "0 if and only if the sum is",
    "return -0.0": "minus 0 is 0",
    "else -shifted": "minus zeros are zeros",
    "if shifted.mean() > 0": "above 0 if and only if the maximum is",
    "w = (-weights)[labels]": "the sign cancels in the weighted mean",
    "return [m_in, 1 - m_in]": "a list of two masks is taken as an array",
    "first = np.ceil(x0 - 0.5)": "a whole number of another type",
    "behind = np.ceil(x1 - 0.5)": "a whole number of another type",
    "np.where(inside <= tau": "at the knee itself the loss has no gradient",
    "scores.mean()": "a positive factor of the map cancels in min-max",
    "* features).mean(1)[has_box]": "a positive factor of the map cancels in min-max",
    "(gradient.sum((2, 3), keepdim=True) * features).sum(1)[has_box]": "a positive factor cancels in min-max",
    "return (logits.argmax(1) == rare).sum()": "a whole number of another type",
    "care(logits + 1,": "a term of all scores cancels in the softmax",
    "care(logits - 1,": "a term of all scores cancels in the softmax",
    "model.zero_grad()": "the optimizer has all weights of the model",
    "n = len(care)": "as many as there are differences",
    "n = len(control)": "as many as there are differences",
    "len(care) ** 0.5": "as many as there are differences",
    "len(control) ** 0.5": "as many as there are differences",
    "len(care_clean) ** 0.5": "as many as there are differences",
    "len(control_clean) ** 0.5": "as many as there are differences",
    "t_of(len(care))": "as many as there are differences",
    "t_of(len(control))": "as many as there are differences",
    "t_of(len(care_clean))": "as many as there are differences",
    "t_of(len(control_clean))": "as many as there are differences",
    "(-d).std": "a spread has no sign",
    "half >= 0": "no interval ends exactly at 0",
    "n = recall.shape[1]": "as many as there are differences",
    "n ** 0.5 >= wanted": "no half-width is exactly the one that is wanted",
    "return (steps > 0).all() or (steps < 0).all()": "a truth value of another type",
    "np.diff(-means)": "a trend upside down is a trend",
    "worth = (1 - beta ** counts) * (1 - beta)": "a factor of all weights cancels",
    "worth = 1 - beta ** counts": "a factor of all weights cancels",
    "worth = (1 - beta ** counts) / ": "a factor of all weights cancels",
    "worth = (beta ** counts - 1) / (1 - beta)": "a factor of all weights cancels",
    "weights = 2 / worth": "a factor of all weights cancels",
    "weights = 2.5 / worth": "a factor of all weights cancels",
    "weights = 1 / -worth": "a factor of all weights cancels",
    "torch.arange(len(logits))": "as many rows as labels",
    "np.log(counts * counts.sum())": "a term of all scores cancels in the softmax",
    "np.log(counts)": "a term of all scores cancels in the softmax",
    "np.log(counts / counts.mean())": "a term of all scores cancels in the softmax",
    "np.log(counts / counts.max())": "a term of all scores cancels in the softmax",
    "chances = 2 / np.bincount(labels)[labels]": "a factor of all chances cancels",
    "chances = 2.5 / np.bincount(labels)[labels]": "a factor of all chances cancels",
    "left.sum(), left.any())": "a truth value of another type",
    "/ left.size": "a copy has the same size",
    "(-left).any()": "not 0 is not 0 with any sign",
    "reshape(-2, u, v)": "NumPy takes any number below 0 for the side that is left",
    "in (b, a)": "a sum in another order",
    "truth[y0:y1, x0:x1] = 2": "a factor of the true mask cancels in the share",
    "iou[:, in_train].sum(axis=1).argmax()": "the same images for each threshold",
    "signs = list(product(": "NumPy makes an array of it",
    "ways = list(itertools.product(": "NumPy makes an array of it",
    "abs(means) > abs(values.mean()) - 1e-12": "what is equal is above the limit that was lowered",
    "means > abs(d.mean()) - 1e-12": "what is equal is above the limit that was lowered",
    "product((1, -1)": "all ways in another order",
    "(-signs * values)": "all ways in another order",
    "(signs * -values)": "all ways in another order",
    "(-ways * d)": "all ways in another order",
    "(ways * -d)": "all ways in another order",
    ">= abs(values.mean())).mean()": "without rounding errors the allowance is not needed",
    ">= abs(d.mean()))": "without rounding errors the allowance is not needed",
    "abs(-means)": "a size has no sign",
    "abs((-values).mean())": "a size has no sign",
    "abs((-d).mean())": "a size has no sign",
    "rare >= threshold": "no two scores are equal",
    "np.argwhere(M_in == 0)[1]": "any place outside does",
    "np.argwhere(M_in == 0)[-1]": "any place outside does",
    "np.argwhere(M_in <= 0)[0]": "any place outside does",
    "np.argwhere(F == 0)[0]": "any place outside does",
    "np.argwhere(-M_in == 0)[0]": "any place outside does",
    "F[column, column] = 1": "any place outside does",
    "F[-row, column] = 1": "any place outside does",
    "F[row, -column] = 1": "any place outside does",
    "in zip(b, a)": "a correlation of two, in any order",
    "np.ptp(one) <= 0": "a spread is never below 0",
    "np.ptp(other) <= 0": "a spread is never below 0",
    "np.ptp(-one) == 0": "a spread has no sign",
    "np.ptp(-other) == 0": "a spread has no sign",
    "falls = np.ones(": "each place is written",
    "p, q = (does.mean(), says.mean())": "both enter alike",
    "if -tested": "minus True is not 0",
    "if not -tested": "minus True is not 0",
    "np.array(boxes) <= 0": "no number of boxes is below 0",
    "return tensor[None] / 255": "torch divides whole numbers into fractions",
    "return np.isclose(rounded, printed).any() or": "a truth value of another type",
    "if k > 0.5 else": "a whole number above a half is above 0",
    "for b in list(sorted(values))[1:]": "the smallest is never the second of a pair",
    "if a <= b": "a table agrees with itself",
    ">= 0.1 + 1e-09": "nothing is exactly that far apart",
    "abs(values[b] - values[a])": "a size has no sign",
    "np.arange(len(W)) == c": "a row for each class",
    "np.arange(len(p)) == c": "a row for each class",
    "recalls = [each == named": "a truth value of another type",
    "return (others & now & ~was).sum()": "a whole number of another type",
}


def is_right(exercise: Exercise, source: str) -> bool:
    """Whether a changed solution is known to be right as well."""
    lines = ast.unparse(ast.parse(exercise.solution)).splitlines()
    changed = [line for line in source.splitlines() if line not in lines]
    return any(part in line for part in SAME for line in changed)


def mutants(exercise: Exercise) -> list[str]:
    """Sources of the solution with one small change each, no two of them alike."""
    tree = ast.parse(exercise.solution)
    (function,) = tree.body
    stored = {node.id for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    local = [argument.arg for argument in function.args.args] + sorted(stored)
    sources = {}
    for parent in ast.walk(function):
        for field, value in ast.iter_fields(parent):
            if field in ("args", "decorator_list") and parent is function:
                continue
            # The sign of an array changes neither its length nor its shape.
            only_size_counts = (
                ast.unparse(getattr(parent, "func", parent)) == "len"
                or field == "value"
                and (getattr(parent, "attr", "") in ("shape", "size"))
            )
            for place, child in enumerate(value if isinstance(value, list) else [value]):
                if not isinstance(child, ast.AST):
                    continue
                for other in _replaced(child, local):
                    if isinstance(other, ast.UnaryOp) and only_size_counts:
                        continue
                    if isinstance(value, list):
                        changed = [*value[:place], other, *value[place + 1 :]]
                    else:
                        changed = other
                    setattr(parent, field, changed)
                    with contextlib.suppress(Exception):
                        sources[ast.unparse(ast.fix_missing_locations(tree))] = None
                    setattr(parent, field, value)
    sources.pop(ast.unparse(tree), None)
    return list(sources)


def refused(exercise: Exercise, source: str, cases, truths) -> bool:
    """Whether some case shows that this function is wrong."""
    try:
        function = compiled(source, exercise.function)
    except SyntaxError:
        return True
    for make, truth in zip(cases, truths, strict=True):
        arguments = make()
        try:
            numbers = numbers_of(exercise.probe(function, *arguments))
        except BaseException:  # an error is seen by the learner, and so is an endless loop
            return True
        if numbers is None or not same(numbers, truth) or changed_argument(arguments, make()):
            return True
    return False


class _TooLong(BaseException):
    pass


@contextlib.contextmanager
def _no_longer_than(calls: int):
    """End a loop that never ends: count the lines that are run."""
    left = [calls]

    def trace(frame, event, _):
        if frame.f_code.co_filename == "<string>":
            left[0] -= event == "line"
            if left[0] < 0:
                raise _TooLong
        return trace

    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(None)


def survivors(exercise: Exercise, sources: list[str]) -> list[str]:
    """Those that no case refuses."""
    cases = list(exercise.cases.values())
    truths = [as_array(exercise.truth(*make())) for make in cases]
    left = []
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for source in sources:
            if "for " in source or "while" in source:
                with _no_longer_than(20_000):
                    wrong = refused(exercise, source, cases, truths)
            else:
                wrong = refused(exercise, source, cases, truths)
            if not wrong and not is_right(exercise, source):
                left.append(source)
    return left


if __name__ == "__main__":
    wanted = sys.argv[1:] or [name for name, exercise in EXERCISES.items() if isinstance(exercise, Exercise)]
    total = 0
    for name in wanted:
        exercise = EXERCISES.named(name)
        sources = mutants(exercise)
        left = survivors(exercise, sources)
        total += len(left)
        print(f"{name}: {len(sources)} changes, {len(left)} survive", flush=True)
        lines = ast.unparse(ast.parse(exercise.solution)).splitlines()
        for source in left:
            print("    " + " | ".join(line.strip() for line in source.splitlines() if line not in lines))
    print(f"{total} survive")
