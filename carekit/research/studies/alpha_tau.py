"""Tables 5 and 6 crossed: α and τ together, as a heat map."""

from itertools import product

from carekit.research.studies.row import Row
from carekit.research.studies.study import SKIN, Comparison

ALPHAS, TAUS = (0.1, 0.5, 0.9), (0.2, 0.7, 1.0)
STUDY = Comparison(
    name="alpha_tau",
    where="α × τ",
    about="α and τ together, which the paper turns one at a time, with CSL",
    kinds=SKIN,
    rows={"CSL": Row(strategy="weighted")}
    | {
        f"alpha = {alpha}, tau = {tau}": Row(care=True, strategy="weighted", alpha=alpha, tau=tau)
        for alpha, tau in product(ALPHAS, TAUS)
    },
    pairs={f"alpha = {alpha}, tau = {tau}": "CSL" for alpha, tau in product(ALPHAS, TAUS)},
)
